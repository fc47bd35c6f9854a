import { namedShards } from "../core/format.ts";
import { quoteWord } from "../core/shell_quote.ts";
import { resumeRun } from "../runtime/control/steer.ts";
import { inspectMachine } from "../runtime/system/machine.ts";
import { defineCommand, NO_FLAGS } from "./flags.ts";
import { adapterOf, ownRunOf } from "./run_dir_flags.ts";

export default defineCommand({
  schedulers: true,
  flags: NO_FLAGS,
  run: async ({ args, out }) => {
    const run = await ownRunOf(args, out);
    const adapter = await adapterOf(run, out);
    const { was_paused, released, job_ids } = await resumeRun(run, adapter, await inspectMachine());
    const isPilots = run.manifest.farm.pilots !== null;
    const words = [
      was_paused ? "resumed: shards start again" : "the run is not paused",
      ...(released.length > 0 && !isPilots ? [`released the jobs of ${namedShards(released)}`] : []),
      ...(job_ids.length > 0 ? [`submitted new pilots: ${adapter.name} job ${job_ids.join(", ")}`] : []),
    ];
    out.print(words.join("\n"));
    out.document({ run_dir: run.dir, was_paused, released, job_ids });
    if (was_paused) out.note(`Follow it with: nsfarm-deno status ${quoteWord(run.dir)} --watch`);
  },
});
