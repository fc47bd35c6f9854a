import { isEnded, isWaiting } from "../../core/shard_states.ts";
import type { FarmManifest } from "../../core/contracts/manifest.ts";
import type { Backend } from "../../schedulers/adapter.ts";
import { askOrThrow } from "../jobs/cancel_run.ts";
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
  adapter: Backend,
  machine: Machine,
  cancelled: readonly number[],
): Promise<number[]> {
  const asked = await askOrThrow(run, adapter, "ask about the run's jobs");
  settleIncoming(run);
  const shards = await scanRun(run, machine, asked);
  return shards.filter(({ state, plan }) =>
    isEnded(state) || (isWaiting(state) && cancelled.includes(plan.shard_index))
  ).map(({ plan }) => plan.shard_index);
}
