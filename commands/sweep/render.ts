import { quoteWord } from "../../core/shell_quote.ts";
import { loadAdapter } from "../../runtime/scheduler/adapters.ts";
import { renderSweep } from "../../runtime/sweep/render_sweep.ts";
import { defineCommand, NO_FLAGS } from "../flags.ts";
import { reportPlugin } from "../scheduler_flags.ts";
import { defineSweepFlags, readSweepRequest } from "./sweep_flags.ts";

export default defineCommand({
  schedulers: true,
  flags: NO_FLAGS,
  define: defineSweepFlags,
  run: async ({ options, out }) => {
    const adapter = await loadAdapter(String(options["scheduler"]));
    reportPlugin(adapter, out);
    const { path, document: sweep } = await renderSweep(readSweepRequest(options, adapter), adapter, (warning) => {
      out.note(`warning: ${warning}`);
    });
    out.print([path, ...sweep.runs.map((point) => point.run_dir)].join("\n"));
    out.note(`Run it with:\n  nsfarm-deno sweep submit --sweep-json ${quoteWord(path)}`);
    out.document({ sweep_json: path, sweep });
  },
});
