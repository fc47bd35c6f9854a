import type { FarmManifest } from "../core/contracts/manifest.ts";
import { plural } from "../core/format.ts";
import type { StatusShard } from "../core/describe_status.ts";
import type { SlotsOn } from "../core/worker_backends.ts";
import { endPilots } from "../host/jobs/end_pilots.ts";
import { workInForeground } from "../host/work/foreground_work.ts";
import type { Run } from "../host/run/load_manifest.ts";
import { lookAtMachine } from "../host/machine/machine.ts";
import { startRun } from "../host/jobs/start_run.ts";
import type { StopSignals } from "../host/machine/stop_signals.ts";
import type { Backend } from "../schedulers/adapter.ts";
import type { Output } from "./command.ts";
import { watchRun } from "./watch_run.ts";
import { tellWork } from "./work_progress.ts";

/**
 * Brings a run to its end: works on it in this process, or submits it and watches it. What failed is tried again.
 * @returns the shards as they were seen last; none where this process has told of them itself
 */
export async function driveRun(
  run: Run<FarmManifest>,
  adapter: Backend,
  signals: StopSignals,
  out: Output,
  poll_s?: number,
): Promise<StatusShard[]> {
  if (adapter.kind === "worker") return await workHere(run, adapter.slots_on, signals);
  for (let times = 0;; times++) {
    const started = await startRun(run, adapter, await lookAtMachine(), { ended: true });
    for (const one of started.submissions) {
      out.note(`${adapter.name} job ${one.job_id}: ${plural(one.shards.length, "shard")}`);
    }
    const looked = await watchRun(started.run, adapter, signals.signal, out, false, undefined, poll_s);
    if (looked.is_silent && times < MOST_NEW_PILOTS) continue;
    await endPilots(started.run, adapter, looked, signals.signal);
    return looked.shards;
  }
}

/** How often pilots that are silent are replaced; then the cluster, or the run, needs a person. */
const MOST_NEW_PILOTS = 3;

async function workHere(run: Run<FarmManifest>, slots_on: SlotsOn, signals: StopSignals): Promise<StatusShard[]> {
  const teller = tellWork(run);
  try {
    await workInForeground(run, slots_on, signals.signal, teller.tell);
    return [];
  } finally {
    teller.close();
  }
}
