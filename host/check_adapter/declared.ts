import { ADAPTER_CALLS, type AdapterCall, AdapterFacts, IS_REQUIRED } from "../../schedulers/adapter.ts";
import { type AdapterFinding, finding } from "./finding.ts";

/** Functions that are of no use without another one. */
const NEEDS: Partial<Record<AdapterCall, AdapterCall>> = {
  eventLogs: "readEventLogs",
  pool: "readPool",
  readPool: "pool",
};

/** What is wrong with what an adapter says of itself, member by member. */
export function declaredFindings(adapter: object): AdapterFinding[] {
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
export function factsOf(adapter: object): Record<string, unknown> {
  const names = Object.keys(AdapterFacts.shape).filter((name) => Reflect.get(adapter, name) !== undefined);
  return Object.fromEntries(names.map((name) => [name, Reflect.get(adapter, name)]));
}
