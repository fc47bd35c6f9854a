import type { FarmManifest } from "../../core/contracts/manifest.ts";
import type { Run } from "../run/load_manifest.ts";
import { RenderedFiles } from "../run/rendered_files.ts";
import { countOomKills, lookAtMachine, type Machine } from "../machine/machine.ts";
import { UsageMeter } from "../machine/usage_meter.ts";
import { startFit } from "./start_fit.ts";

/** Under what a shard runs: the scheduler's ids of this job, where it is one. */
export interface JobIds {
  scheduler: string;
  job_id: string | null;
  task_id: string | null;
  submission_token: string | null;
}

/** What one process needs to run any number of shards of a run. */
export interface Workbench {
  run: Run<FarmManifest>;
  machine: Machine;
  meter: UsageMeter;
  ids: JobIds;
  /** How a fit is started. */
  startFit: typeof startFit;
  /** Out-of-memory kills that the kernel had counted for this job when last looked at; null where it does not tell. */
  oom_kills: Promise<number | null>;
  /** What shards are fitted with: looked at before each attempt. */
  files: Pick<RenderedFiles, "look" | "require">;
}

export async function openWorkbench(run: Run<FarmManifest>, ids: JobIds): Promise<Workbench> {
  const machine = await lookAtMachine(run.manifest);
  const files = new RenderedFiles(run);
  return { run, machine, meter: new UsageMeter(), ids, startFit, oom_kills: countOomKills(machine), files };
}
