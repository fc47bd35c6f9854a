import { errorText, FarmError } from "../../core/errors.ts";
import { ADAPTER_CALLS, type AdapterCall, AdapterFacts, type SchedulerAdapter } from "../../schedulers/adapter.ts";
import { checkedAdapter } from "../plugin/checked_adapter.ts";
import { MemberFault } from "../plugin/plugin_fault.ts";
import { ANSWER_CHECKS } from "./answers.ts";
import { COMMAND_CHECKS } from "./commands.ts";
import { declaredFindings, factsOf } from "./declared.ts";
import { type AdapterFinding, finding, type MemberCheck } from "./finding.ts";
import { QUERY_CHECKS } from "./queries.ts";
import { renderFindings } from "./rendered.ts";
import { valueFindings } from "./values.ts";

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
