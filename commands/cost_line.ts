import { dirname } from "node:path";
import { describeCost, earlierCost, trialCost } from "../core/cost.ts";
import type { FarmManifest } from "../core/schema/manifest.ts";
import { collectedBeside } from "../runtime/render/runs_beside.ts";
import type { Run } from "../runtime/run/load_manifest.ts";
import { shardsWithFiles } from "../runtime/shard/list_run.ts";
import type { Output } from "./flags.ts";

/** Notes the CPU time of a run's open shards: by the last run of the same fits beside it, else by the trial fit. */
export function noteCost({ dir, manifest }: Run<FarmManifest>, out: Output, there = shardsWithFiles(dir)): void {
  const cost = earlierCost(manifest, collectedBeside(dirname(dir))) ?? trialCost(manifest);
  const line = cost && describeCost(manifest, there, cost);
  if (line) out.note(line);
}
