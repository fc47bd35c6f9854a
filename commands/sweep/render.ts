import { quoteWord } from "../../core/shell_quote.ts";
import { renderSweep } from "../../runtime/sweep/render_sweep.ts";
import { defineRenderCommand } from "../scheduler_flags.ts";
import { readSweepRequest, sweepFlags } from "./sweep_flags.ts";

export default defineRenderCommand({
  flags: sweepFlags,
  run: async ({ options, adapter, out }) => {
    const { path, document: sweep } = await renderSweep(readSweepRequest(options, adapter), adapter, out.warn);
    out.print([path, ...sweep.runs.map((point) => point.run_dir)].join("\n"));
    out.note(`Run it with:\n  nsfarm-deno sweep submit --sweep-json ${quoteWord(path)}`);
    out.document({ sweep_json: path, sweep });
  },
});
