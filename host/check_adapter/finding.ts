import { FarmError } from "../../core/errors.ts";
import type { SchedulerAdapter } from "../../schedulers/adapter.ts";
import { MemberFault } from "../plugin/plugin_fault.ts";

/** One thing that is wrong with an adapter. */
export interface AdapterFinding {
  /** The member to mend: `programs`, `readQuery`. */
  member: string;
  /** What it does, and what was wanted. */
  what: string;
  /** What is the same in all examples in which the same mistake shows; absent: `what`. */
  mistake?: string;
}

/** Looks at one function of an adapter. */
export type MemberCheck = (adapter: SchedulerAdapter) => AdapterFinding[];

export const finding = (member: string, what: string): AdapterFinding => ({ member, what });

/** Calls a function of a checked adapter and looks at what it gave; a fault of it is a finding. */
export function askAnd<T>(
  member: string,
  doing: string,
  call: () => T,
  look: (value: T) => AdapterFinding[] = () => [],
): AdapterFinding[] {
  try {
    return look(call());
  } catch (error) {
    if (error instanceof MemberFault) return [{ ...finding(error.member, error.during(doing)), mistake: error.what }];
    if (error instanceof FarmError) return [finding(member, `refuses ${doing}: ${error.message}`)];
    throw error;
  }
}

/** As askAnd, where a refusal in words for the user is as good as an answer. */
export function askOrRefuse<T>(
  member: string,
  doing: string,
  call: () => T,
  look: (value: T) => AdapterFinding[],
): AdapterFinding[] {
  return askAnd(member, doing, () => refusable(call), (value) => value === undefined ? [] : look(value.given));
}

function refusable<T>(call: () => T): { given: T } | undefined {
  try {
    return { given: call() };
  } catch (error) {
    if (error instanceof FarmError && error.kind === "usage") return undefined;
    throw error;
  }
}
