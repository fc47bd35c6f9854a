import * as z from "zod/mini";
import { firstIssue } from "../../core/first_issue.ts";
import {
  ADAPTER_CALLS,
  type AdapterCall,
  type AdapterCalls,
  type AdapterFacts,
  IS_REQUIRED,
  returnSchemas,
  type SchedulerAdapter,
} from "../../schedulers/adapter.ts";
import { MemberFault } from "./plugin_fault.ts";

/**
 * Returns an adapter each of whose functions throws a MemberFault where it returns what the contract does not allow.
 * @param subject the plugin's file, else the adapter's name
 * @param calls the functions that there are
 * @param call calls one of them; throws FarmError
 */
export function checkedAdapter(
  subject: string,
  facts: AdapterFacts,
  calls: readonly string[],
  call: (member: AdapterCall, args: readonly unknown[]) => unknown,
): SchedulerAdapter {
  const schemas = returnSchemas(facts.programs);
  const checked = (member: AdapterCall) => (...args: unknown[]): unknown => {
    const parsed = z.safeParse(schemas[member], call(member, args));
    if (parsed.success) return parsed.data;
    throw new MemberFault(subject, member, "returned", firstIssue(parsed.error));
  };
  const present = ADAPTER_CALLS.filter((member) => calls.includes(member));
  const functions = Object.fromEntries(present.map((member) => [member, checked(member)]));
  if (!hasRequiredCalls(functions)) throw new Error("The functions of an adapter are looked at before it is used");
  return { ...facts, ...functions };
}

/** The types of what its functions return are those of the schemas by which they are checked. */
function hasRequiredCalls(functions: object): functions is AdapterCalls {
  return ADAPTER_CALLS.every((member) => !IS_REQUIRED[member] || Object.hasOwn(functions, member));
}
