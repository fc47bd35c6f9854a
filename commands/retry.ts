import * as z from "zod";
import { cutShards } from "../core/cut_shard.ts";
import { shardRanges } from "../core/describe_status.ts";
import { endedShards } from "../host/ended_shards.ts";
import { loadAdapter } from "../host/load_adapter.ts";
import { loadFarmRun } from "../host/load_manifest.ts";
import { lookAtMachine } from "../host/machine.ts";
import { writeDocument } from "../host/write_file.ts";
import type { CommandSpec } from "./command.ts";
import { readFlags, runOf } from "./run_dir_flags.ts";
import { submitAndWait } from "./submit.ts";

const Flags = z.object({ wait: z.boolean().default(false), split: z.boolean().default(false) });

const retry: CommandSpec = {
  name: "retry",
  needs: ["read", "write", "run", "env", "sys"],
  define: (command) => {
    command
      .option("--split", "cut each of them in two first: the same toys, half as long")
      .option("--wait", "watch until the run has ended, then collect and merge");
  },
  run: async ({ args, options, out }) => {
    const flags = readFlags(Flags, options);
    let run = runOf(args);
    if (flags.split) {
      const adapter = await loadAdapter(run.manifest.scheduler);
      const ended = await endedShards(run, adapter, await lookAtMachine());
      const manifest = cutShards(run.manifest, ended, new Date().toISOString());
      if (manifest !== run.manifest) {
        writeDocument(run.manifest_path, manifest);
        out.note(`cut in two: shard ${shardRanges(ended)}`);
        run = loadFarmRun(run.manifest_path);
      }
    }
    return await submitAndWait(run, true, flags.wait, out);
  },
};
export default retry;
