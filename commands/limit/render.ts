import { quoteWord } from "../../core/shell_quote.ts";
import { pointRun, renderLimit } from "../../runtime/limit/limit_runs.ts";
import { loadAdapter } from "../../runtime/scheduler/adapters.ts";
import type { CommandSpec } from "../flags.ts";
import { reportPlugin } from "../scheduler_flags.ts";
import { defineLimitFlags, readLimitRequest } from "./limit_flags.ts";

const render: CommandSpec = {
  name: "limit render",
  needs: ["read", "write", "run", "env", "sys"],
  schedulers: true,
  define: defineLimitFlags,
  run: async ({ options, out }) => {
    const adapter = await loadAdapter(String(options["scheduler"]));
    reportPlugin(adapter, out);
    const open = await renderLimit(readLimitRequest(options, adapter), adapter, (line) => out.note(`warning: ${line}`));
    out.print([open.path, ...open.limit.points.map((point) => pointRun(open, point))].join("\n"));
    out.note(`Run it with:\n  nsfarm-deno limit submit --limit-json ${quoteWord(open.path)}`);
    out.document({ limit_json: open.path, limit: open.limit });
    return 0;
  },
};
export default render;
