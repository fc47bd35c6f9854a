import { dirname, join } from "node:path";
import { EXIT_CODES } from "../../core/errors.ts";
import { endOfSweep } from "../../core/on_end.ts";
import { ON_END } from "../../core/run_paths.ts";
import type { SweepSummary } from "../../core/schema/sweep_summary.ts";
import { markOf, runOnEnd } from "../../runtime/control/on_end.ts";
import { loadSweep, type OpenSweep, recordOf } from "../../runtime/sweep/load.ts";
import { openSameSweep, renderSweep } from "../../runtime/sweep/render_sweep.ts";
import { defineFlags, type Output } from "../flags.ts";
import { ON_END_FLAG, onEndWords, requireOnEnd } from "../on_end_flag.ts";
import { defineRenderCommand } from "../scheduler_flags.ts";
import { measureSweep } from "./measure_sweep.ts";
import { reportSummary } from "./summarize.ts";
import { POINT_FLAGS, readSweepRequest, sweepFlags } from "./sweep_flags.ts";

export default defineRenderCommand({
  flags: defineFlags({ ...sweepFlags.table, ...POINT_FLAGS, ...ON_END_FLAG }),
  run: async ({ flags, options, adapter, out }) => {
    requireOnEnd(flags.onEnd);
    const request = readSweepRequest(options, adapter);
    const open = openSameSweep(request) ??
      await renderSweep(request, adapter, out.warn);
    out.note(`sweep: ${open.path}`);
    const code = await measureSweep(open, flags, out);
    const { out_root, sweep_id } = open.document;
    const reported = reportSummary(
      loadSweep(open.path),
      { md: join(out_root, `${sweep_id}.summary.md`), csv: join(out_root, `${sweep_id}.summary.csv`), slots: null },
      out,
    );
    if (flags.onEnd) await startOnEndOf(loadSweep(open.path), onEndWords(flags.onEnd), reported.summary, out);
    return code === EXIT_CODES.done ? reported.code : code;
  },
});

/** Starts the command of --on-end if all points of a sweep have ended, and notes what came of it. */
async function startOnEndOf(
  { path, document }: OpenSweep,
  argv: readonly string[],
  summary: SweepSummary,
  out: Output,
): Promise<void> {
  const end = endOfSweep(document.runs.map((point) => ({ run_id: point.run_id, record: recordOf(point) })));
  if (end === null || argv.length === 0) return;
  out.note(await runOnEnd(markOf(join(dirname(path), `.${document.sweep_id}${ON_END}`), end), argv, summary));
}
