import * as z from "zod";
import { cutShards } from "../core/cut_shard.ts";
import { shardRanges } from "../core/describe_status.ts";
import { endedShards } from "../host/ended_shards.ts";
import { loadAdapter } from "../host/load_adapter.ts";
import { loadFarmRun } from "../host/load_manifest.ts";
import { lookAtMachine } from "../host/machine.ts";
import { writeDocument } from "../host/write_file.ts";
import type { FarmManifest } from "../core/contracts/manifest.ts";
import type { Run } from "../host/load_manifest.ts";
import { raiseLimits } from "../host/raise_limits.ts";
import type { CommandSpec, Output } from "./command.ts";
import { readFlags, runOf } from "./run_dir_flags.ts";
import { submitAndWait } from "./submit.ts";

const More = z.union([z.string(), z.literal(true)]).optional();
const Flags = z.object({
  wait: z.boolean().default(false),
  finish: z.boolean().default(false),
  split: z.boolean().default(false),
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
    const changed = await changeRun(run, flags, out);
    if (changed !== run.manifest) writeDocument(run.manifest_path, changed);
    return await submitAndWait(loadFarmRun(run.manifest_path), true, flags, out);
  },
};
export default retry;

/** The manifest with what was asked for; only the shards that ended without a result are cut. */
async function changeRun(run: Run<FarmManifest>, flags: z.infer<typeof Flags>, out: Output): Promise<FarmManifest> {
  const adapter = await loadAdapter(run.manifest.scheduler);
  const raised = {
    ...(flags.moreMemory === undefined ? {} : { memory: flags.moreMemory }),
    ...(flags.moreTime === undefined ? {} : { time: flags.moreTime }),
  };
  const at = new Date().toISOString();
  const manifest = raiseLimits(run.manifest, adapter, raised, at);
  if (!flags.split) return manifest;
  const ended = await endedShards(run, adapter, await lookAtMachine());
  if (ended.length > 0) out.note(`cut in two: shard ${shardRanges(ended)}`);
  return cutShards(manifest, ended, at);
}
