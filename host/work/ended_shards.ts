import { isEnded, isWaiting } from "../../core/shard_states.ts";
import type { FarmManifest } from "../../core/contracts/manifest.ts";
import type { SchedulerAdapter } from "../../schedulers/adapter.ts";
import { askScheduler } from "../jobs/ask_scheduler.ts";
import { unreachable } from "../jobs/drive_adapter.ts";
import type { Run } from "../run/load_manifest.ts";
import type { Machine } from "../machine/machine.ts";
import { scanRun } from "../state/scan_run.ts";
import { settleIncoming } from "../shard/settle_incoming.ts";

/**
 * The shards that ended without a valid result and that nothing works on.
 * @param cancelled shards whose jobs were cancelled just now
 * @throws {FarmError} unreachable
 */
export async function endedShards(
  run: Run<FarmManifest>,
  adapter: SchedulerAdapter,
  machine: Machine,
  cancelled: readonly number[],
): Promise<number[]> {
  const asked = await askScheduler(run, adapter, 0);
  if (!asked.reached) throw unreachable(adapter, "ask about the run's jobs", asked.message ?? "no answer");
  settleIncoming(run);
  const shards = await scanRun(run, machine, asked);
  return shards.filter(({ state, plan }) =>
    isEnded(state) || (isWaiting(state) && cancelled.includes(plan.shard_index))
  ).map(({ plan }) => plan.shard_index);
}
