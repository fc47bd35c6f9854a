import { join } from "node:path";
import { EXIT_CODES } from "../../core/errors.ts";
import { loadAdapter } from "../../runtime/scheduler/adapters.ts";
import { loadSweep } from "../../runtime/sweep/load.ts";
import { openSameSweep, renderSweep } from "../../runtime/sweep/render_sweep.ts";
import { type CommandSpec, defineFlags } from "../flags.ts";
import { reportPlugin } from "../scheduler_flags.ts";
import { measureSweep } from "./measure_sweep.ts";
import { reportSummary } from "./summarize.ts";
import { defineSweepFlags, POINT_FLAGS, readSweepRequest } from "./sweep_flags.ts";

const pointFlags = defineFlags(POINT_FLAGS);

const run: CommandSpec = {
  name: "sweep run",
  needs: ["read", "write", "run", "env", "sys"],
  schedulers: true,
  define: async (command, argv) => {
    await defineSweepFlags(command, argv);
    pointFlags.define(command);
  },
  run: async ({ options, out }) => {
    const adapter = await loadAdapter(String(options["scheduler"]));
    reportPlugin(adapter, out);
    const request = readSweepRequest(options, adapter);
    const open = openSameSweep(request) ??
      await renderSweep(request, adapter, (warning) => out.note(`warning: ${warning}`));
    out.note(`sweep: ${open.path}`);
    const code = await measureSweep(open, pointFlags.read(options), out);
    const { out_root, sweep_id } = open.sweep;
    const reported = reportSummary(
      loadSweep(open.path),
      { md: join(out_root, `${sweep_id}.summary.md`), csv: join(out_root, `${sweep_id}.summary.csv`), slots: null },
      out,
    );
    return code === EXIT_CODES.done ? reported : code;
  },
};
export default run;
