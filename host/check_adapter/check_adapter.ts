import type { SchedulerAdapter } from "../../schedulers/adapter.ts";
import { answerFindings } from "./answers.ts";
import { commandFindings } from "./commands.ts";
import { declaredFindings } from "./declared.ts";
import type { Finding } from "./finding.ts";
import { queryFindings } from "./queries.ts";
import { renderFindings } from "./rendered.ts";
import { valueFindings } from "./values.ts";
import { watched } from "./watched.ts";

export type { Finding };

/**
 * What makes a scheduler adapter one that this program cannot trust; empty for a good one. It is only asked, nothing is
 * written and no program is run. What an adapter declares is looked at first: with a wrong declaration the rest of it
 * could not be called.
 */
export function checkAdapter(adapter: unknown): Finding[] {
  const declared = declaredFindings(adapter);
  if (!isAdapter(adapter, declared)) return declared;
  const members = watched(adapter);
  return once([
    ...renderFindings(members),
    ...valueFindings(members),
    ...commandFindings(members),
    ...answerFindings(members),
    ...queryFindings(members),
  ]);
}

/** The same fault comes up in several examples. */
function once(findings: Finding[]): Finding[] {
  return [...new Map(findings.map((one) => [`${one.member} ${one.what}`, one])).values()];
}

/** Its members were looked at one by one. */
function isAdapter(_adapter: unknown, declared: Finding[]): _adapter is SchedulerAdapter {
  return declared.length === 0;
}
