import * as z from "zod/mini";
import { firstIssue } from "../../core/read_output.ts";
import { ADAPTER_CALLS, type AdapterCall, AdapterFacts, IS_REQUIRED } from "../../schedulers/adapter.ts";
import { type Finding, finding } from "./finding.ts";

/** Functions that are of no use without another one. */
const NEEDS: Partial<Record<AdapterCall, AdapterCall>> = {
  eventLogs: "readEventLogs",
  pool: "readPool",
  readPool: "pool",
};

/** What is wrong with what an adapter says of itself, member by member. */
export function declaredFindings(adapter: object): Finding[] {
  const member = (name: string): unknown => Reflect.get(adapter, name);
  const facts = Object.entries<z.core.$ZodType>(AdapterFacts.shape).flatMap(([name, schema]) => {
    const parsed = z.safeParse(schema, member(name));
    if (parsed.success) return [];
    return [finding(name, member(name) === undefined ? "is missing" : firstIssue(parsed.error))];
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
