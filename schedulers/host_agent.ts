import { quoteWord } from "../core/shell_quote.ts";
import { renderTemplate, verbatim } from "../core/template.ts";
import template from "../templates/host_agent.sh.mustache" with { type: "text" };

/** Values of the agent's script on a host; empty for a probe. */
interface AgentOrder {
  /** Folder on the host for all runs; relative to the home directory there, also with `~/`. */
  base: string;
  /** Folder of this run and host below it. */
  folder: string;
  /** Folder of the run in earlier versions, used if the run began there. */
  earlier: string;
  run_dir: string;
  run_token: string;
  /** nextstat on the host whose version is queried: a path, or a name on PATH. */
  nextstat: string;
  /** Name of the staged nextstat. */
  sent_nextstat: string;
  /** Whether shards may run in the run directory if the host sees it. */
  sharing: boolean;
}

/** Returns the sh script of the agent on a host. */
export function hostAgent(order: AgentOrder): string {
  return renderTemplate(template, { ...order, sharing: verbatim(order.sharing ? "1" : "''") }, quoteWord);
}
