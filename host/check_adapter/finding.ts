import { FarmError } from "../../core/errors.ts";
import { MemberFault } from "./watched.ts";

/** One thing that is wrong with an adapter. */
export interface Finding {
  /** The member to mend: `programs`, `readQuery`. */
  member: string;
  /** What it does, and what was wanted. */
  what: string;
}

export const finding = (member: string, what: string): Finding => ({ member, what });

/** Calls a member of a watched adapter and looks at what it gave; a fault of it is a finding. */
export function askAnd<T>(member: string, doing: string, call: () => T, look: (value: T) => Finding[]): Finding[] {
  try {
    return look(call());
  } catch (error) {
    if (error instanceof FarmError) return [finding(member, `refuses ${doing}: ${error.message}`)];
    if (error instanceof MemberFault) return [finding(error.member, error.tell(doing))];
    throw error;
  }
}

/** As askAnd, where a refusal in words for the user is as good as an answer. */
export function askOrRefuse<T>(member: string, doing: string, call: () => T, look: (value: T) => Finding[]): Finding[] {
  return askAnd(member, doing, () => refusable(call), (value) => value === undefined ? [] : look(value.given));
}

function refusable<T>(call: () => T): { given: T } | undefined {
  try {
    return { given: call() };
  } catch (error) {
    if (error instanceof FarmError) return undefined;
    throw error;
  }
}
