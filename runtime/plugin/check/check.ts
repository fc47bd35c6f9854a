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

/** Functions that are of no use without another one. */
const NEEDS: Partial<Record<AdapterCall, AdapterCall>> = {
  eventLogs: "readEventLogs",
  pool: "readPool",
  readPool: "pool",
};

/** What is wrong with what an adapter says of itself, member by member. */
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

/** What an adapter is, without its functions; other members of it are not looked at. */
function factsOf(adapter: object): Record<string, unknown> {
  const names = Object.keys(AdapterFacts.shape).filter((name) => Reflect.get(adapter, name) !== undefined);
  return Object.fromEntries(names.map((name) => [name, Reflect.get(adapter, name)]));
}

export type { AdapterFinding };

/** How each function of an adapter is looked at. */
const CHECKS: Record<AdapterCall, MemberCheck> = {
  render: (adapter) => [...renderFindings(adapter), ...valueFindings(adapter)],
  ...COMMAND_CHECKS,
  ...ANSWER_CHECKS,
  ...QUERY_CHECKS,
};

/**
 * What makes a scheduler adapter one that this program cannot trust; empty for a good one. It is only asked, nothing is
 * written and no program is run. What an adapter declares is looked at first: with a wrong declaration the rest of it
 * could not be called.
 */
export function checkAdapter(adapter: unknown): AdapterFinding[] {
  if (typeof adapter !== "object" || adapter === null) return [finding("default", "is no object, wanted an adapter")];
  const declared = declaredFindings(adapter);
  if (declared.length > 0) return declared;
  const checked = checkedHere(adapter);
  return once(ADAPTER_CALLS.filter((member) => checked[member]).flatMap((member) => CHECKS[member](checked)));
}

/** The same adapter, whose functions are those of this process. */
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

/** The same mistake comes up in several examples, of which the first is shown. */
function once(findings: AdapterFinding[]): AdapterFinding[] {
  const first = new Map<string, AdapterFinding>();
  for (const { member, what, mistake = what } of findings) {
    const key = `${member} ${mistake}`;
    if (!first.has(key)) first.set(key, finding(member, what));
  }
  return [...first.values()];
}
