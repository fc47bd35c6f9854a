import * as z from "zod/mini";
import { cutShards } from "../core/cut_shard.ts";
import { shardRanges } from "../core/describe_status.ts";
import { cancelHeld } from "../host/cancel_held.ts";
import { endedShards } from "../host/ended_shards.ts";
import { loadAdapter } from "../host/load_adapter.ts";
import { loadFarmRun } from "../host/load_manifest.ts";
import { lookAtMachine } from "../host/machine.ts";
import { writeDocument } from "../host/write_file.ts";
import { type Raised, raiseLimits } from "../host/raise_limits.ts";
import type { CommandSpec } from "./command.ts";
import { readFlags, runOf } from "./run_dir_flags.ts";
import { submitAndWait } from "./submit.ts";

const More = z.optional(z.union([z.string(), z.literal(true)]));
const Flags = z.object({
  wait: z._default(z.boolean(), false),
  finish: z._default(z.boolean(), false),
  split: z._default(z.boolean(), false),
  moreMemory: More,
  moreTime: More,
});

const retry: CommandSpec = {
  name: "retry",
  needs: ["read", "write", "run", "env", "sys"],
  define: (command) => {
    command
      .option("--more-memory [amount]", "more memory for each job (default: twice as much)")
      .option("--more-time [limit]", "a longer time limit for each job (default: twice as long)")
      .option("--split", "cut each of them in two first: the same toys, half as long")
      .option("--finish", "also submit a job that collects and merges when the others have ended")
      .option("--wait", "watch until the run has ended, then collect and merge");
  },
  run: async ({ args, options, out }) => {
    const flags = readFlags(Flags, options);
    const run = runOf(args, out);
    const adapter = await loadAdapter(run.manifest.scheduler);
    const at = new Date().toISOString();
    const raised = raiseLimits(run.manifest, adapter, moreOf(flags), at);
    const machine = await lookAtMachine();
    const cancelled = await cancelHeld(run, adapter, machine);
    if (cancelled.length > 0) out.note(`cancelled the held jobs of shard ${shardRanges(cancelled)}`);
    const cut = flags.split ? await endedShards(run, adapter, machine, cancelled) : [];
    if (cut.length > 0) out.note(`cut in two: shard ${shardRanges(cut)}`);
    const changed = cutShards(raised, cut, at);
    if (changed !== run.manifest) writeDocument(run.manifest_path, changed);
    return await submitAndWait(loadFarmRun(run.manifest_path), { ended: true, cancelled }, flags, out);
  },
};
export default retry;

function moreOf({ moreMemory, moreTime }: z.infer<typeof Flags>): Raised {
  return {
    ...(moreMemory === undefined ? {} : { memory: moreMemory }),
    ...(moreTime === undefined ? {} : { time: moreTime }),
  };
}
