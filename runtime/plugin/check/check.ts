import { errorText, FarmError } from "../../../core/errors.ts";
import {
  ADAPTER_CALLS,
  type AdapterCall,
  AdapterFacts,
  IS_REQUIRED,
  type SchedulerAdapter,
} from "../../../schedulers/adapter.ts";
import { checkedAdapter } from "../adapt.ts";
import { MemberFault } from "../trust.ts";
import { type AdapterFinding, finding, type MemberCheck } from "./cases.ts";
import { ANSWER_CHECKS, COMMAND_CHECKS, QUERY_CHECKS } from "./commands.ts";
import { renderFindings, valueFindings } from "./render.ts";

/** Functions that need another one to be useful. */
const NEEDS: Partial<Record<AdapterCall, AdapterCall>> = {
  hold: "release",
  release: "hold",
  throttle: "readSteer",
  eventLogs: "readEventLogs",
  pool: "readPool",
  readPool: "pool",
};

/** Returns the faults of an adapter's declarations, member by member. */
function declaredFindings(adapter: object): AdapterFinding[] {
  const member = (name: string): unknown => Reflect.get(adapter, name);
  const parsed = AdapterFacts.safeParse(factsOf(adapter));
  const facts = (parsed.error?.issues ?? []).map(({ path: [name, ...path], message }) => {
    const missing = member(String(name)) === undefined;
    return finding(String(name), missing ? "is missing" : path.length > 0 ? `${path.join(".")}: ${message}` : message);
  });
  const calls = ADAPTER_CALLS.flatMap((name) => {
    const needed = NEEDS[name];
    if (member(name) === undefined) return IS_REQUIRED[name] ? [finding(name, "is missing")] : [];
    if (typeof member(name) !== "function") return [finding(name, "is no function")];
    if (needed === undefined || member(needed) !== undefined) return [];
    return [finding(needed, `is missing, though ${name} is there`)];
  });
  return [...facts, ...calls];
}

/** Returns the data of an adapter without its functions; unknown members are ignored. */
function factsOf(adapter: object): Record<string, unknown> {
  const names = Object.keys(AdapterFacts.shape).filter((name) => Reflect.get(adapter, name) !== undefined);
  return Object.fromEntries(names.map((name) => [name, Reflect.get(adapter, name)]));
}

export type { AdapterFinding };

const CHECKS: Record<AdapterCall, MemberCheck> = {
  render: (adapter) => [...renderFindings(adapter), ...valueFindings(adapter)],
  ...COMMAND_CHECKS,
  ...ANSWER_CHECKS,
  ...QUERY_CHECKS,
};

/**
 * Returns the faults that make a scheduler adapter unusable; empty for a good one. Only calls its functions: nothing is
 * written and no program is run. Declarations are checked first, since a wrong one would make the calls fail.
 */
export function checkAdapter(adapter: unknown): AdapterFinding[] {
  if (typeof adapter !== "object" || adapter === null) return [finding("default", "is no object, wanted an adapter")];
  const declared = declaredFindings(adapter);
  if (declared.length > 0) return declared;
  const checked = checkedHere(adapter);
  return once(ADAPTER_CALLS.filter((member) => checked[member]).flatMap((member) => CHECKS[member](checked)));
}

/** Returns the same adapter with functions that run in this process. */
function checkedHere(adapter: object): SchedulerAdapter {
  const own = AdapterFacts.parse(factsOf(adapter));
  const calls = ADAPTER_CALLS.filter((member) => Reflect.get(adapter, member) !== undefined);
  return checkedAdapter(own.name, own, calls, (member, args) => {
    try {
      return Reflect.apply(Reflect.get(adapter, member), adapter, args);
    } catch (error) {
      throw error instanceof FarmError ? error : new MemberFault(own.name, member, "threw", errorText(error));
    }
  });
}

/** Keeps the first of the findings that repeat in several examples. */
function once(findings: AdapterFinding[]): AdapterFinding[] {
  const first = new Map<string, AdapterFinding>();
  for (const { member, what, mistake = what } of findings) {
    const key = `${member} ${mistake}`;
    if (!first.has(key)) first.set(key, finding(member, what));
  }
  return [...first.values()];
}
