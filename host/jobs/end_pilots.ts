import { pauseFor } from "../machine/pause_for.ts";
import type { FarmManifest } from "../../core/contracts/manifest.ts";
import type { Backend } from "../../schedulers/adapter.ts";
import { lookAtMachine } from "../machine/machine.ts";
import type { Run } from "../run/load_manifest.ts";
import type { RunStatus } from "../state/run_status.ts";
import { askScheduler } from "./ask_scheduler.ts";
import { ACTIVE, cancelRun } from "./cancel_run.ts";
import { cancelWaiting } from "./cancel_waiting.ts";
import { whileSubmitting } from "./start_run.ts";
import { withoutSilent } from "./submissions.ts";

/** How long pilots that find nothing open may take to leave by themselves. */
const LEAVE_S = 20;

/**
 * Sees to it that no pilot is left when all shards are done: those that still wait to begin are cancelled, those that run
 * leave by themselves, and one that hangs is cancelled too.
 */
export async function endPilots(
  run: Run<FarmManifest>,
  adapter: Backend,
  { progress }: { progress: Pick<RunStatus["progress"], "done" | "total"> },
  stop: AbortSignal,
): Promise<void> {
  if (run.manifest.farm.pilots === null || progress.done !== progress.total) return;
  const machine = await lookAtMachine();
  await whileSubmitting(run, (now) => cancelWaiting(now, adapter, machine, new Set(["queued", "held"])));
  for (const until = performance.now() + LEAVE_S * 1000; performance.now() < until && !stop.aborted;) {
    const { reached, states } = await askScheduler(run, adapter, 0);
    if (reached && !withoutSilent(run, states).some(({ state }) => ACTIVE.has(state))) break;
    await pauseFor(1000, stop);
  }
  await cancelRun(run, adapter);
}
