import { quoteWord } from "../core/shell_quote.ts";
import { renderTemplate, verbatim } from "../core/template.ts";
import template from "../templates/host_agent.sh.mustache" with { type: "text" };

/** What the agent on a host is told of the run; all empty where a host is only looked at. */
interface AgentOrder {
  /** The folder on the host below which each run gets one; relative to the home there, `~/` too. */
  base: string;
  /** The run's and this host's own folder below it. */
  folder: string;
  /** The folder that an earlier version gave the run: used where the run was begun in it. */
  earlier: string;
  run_dir: string;
  run_token: string;
  /** The nextstat there that is asked for its version: a path, or a name on PATH. */
  nextstat: string;
  /** The staged nextstat's name. */
  sent_nextstat: string;
  /** Whether shards may run in the run directory where the host sees it. */
  sharing: boolean;
}

/** The sh script that answers for a host. */
export function hostAgent(order: AgentOrder): string {
  return renderTemplate(template, { ...order, sharing: verbatim(order.sharing ? "1" : "''") }, quoteWord);
}
