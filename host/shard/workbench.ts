import type { FarmManifest } from "../../core/contracts/manifest.ts";
import { errorText } from "../../core/errors.ts";
import { inputsFault } from "../run/inputs.ts";
import type { Run } from "../run/load_manifest.ts";
import { countOomKills, lookAtMachine, type Machine } from "../machine/machine.ts";
import { nextstatFault } from "../machine/nextstat.ts";
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
  /** Why no shard can be run here as it was planned (another nextstat, a changed input), or null. */
  fault: string | null;
}

export async function openWorkbench(run: Run<FarmManifest>, ids: JobIds): Promise<Workbench> {
  const [machine, fault] = await Promise.all([lookAtMachine(), findFault(run.manifest)]);
  return { run, machine, meter: new UsageMeter(), ids, startFit, oom_kills: countOomKills(machine), fault };
}

async function findFault(manifest: FarmManifest): Promise<string | null> {
  try {
    return inputsFault(manifest) ?? await nextstatFault(manifest, manifest.nextstat_bin);
  } catch (error) {
    return errorText(error);
  }
}
