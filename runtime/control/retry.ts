import { namedShards } from "../../core/format.ts";
import { changeOptions } from "../../core/request.ts";
import type { ShardState } from "../../core/schema/enums.ts";
import type { FarmManifest, OptionValue } from "../../core/schema/manifest.ts";
import { isEnded, isWaiting } from "../../core/shard_states.ts";
import { cutShards } from "../../core/toys.ts";
import type { Backend } from "../../schedulers/adapter.ts";
import { changeFarmManifest, changeMode, keptLimits, type Raised, raiseLimits } from "../run/change_manifest.ts";
import type { Run } from "../run/load_manifest.ts";
import { ingestIncoming } from "../shard/ingest.ts";
import { scanRun } from "../state/scan.ts";
import type { Machine } from "../system/machine.ts";
import { cancelWaiting, queryOrThrow } from "./cancel.ts";
import { type StartedRun, submitOpen, whileSubmitting } from "./start.ts";

/**
 * Returns the shards that ended without a valid result and that nothing runs now.
 * @param cancelled shards whose jobs were cancelled just before
 * @throws {FarmError} unreachable
 */
async function endedShards(
  run: Run<FarmManifest>,
  adapter: Backend,
  machine: Machine,
  cancelled: readonly number[],
): Promise<number[]> {
  const answer = await queryOrThrow(run, adapter, "query the run's jobs");
  ingestIncoming(run);
  const shards = await scanRun(run, machine, answer);
  return shards.filter(({ state, plan }) =>
    isEnded(state) || (isWaiting(state) && cancelled.includes(plan.shard_index))
  ).map(({ plan }) => plan.shard_index);
}

/** Changes that a retry makes to the jobs of a run. */
export interface RetryRequest {
  /** Options that place the jobs; waiting jobs are submitted anew with them, as with another mode. */
  nodes: Record<string, OptionValue>;
  mode: string | undefined;
  raised: Raised;
  /** Whether each ended shard is split in two first. */
  split: boolean;
}

/**
 * Resubmits the shards of a run that ended without a valid result, after it has changed the manifest as requested.
 * @param note receives a line for each cancelled job, each split shard, and each limit that is not raised again
 * @throws {FarmError} usage, before anything is changed; unreachable
 */
export const retryRun = (
  run: Run<FarmManifest>,
  adapter: Backend,
  machine: Machine,
  request: RetryRequest,
  note: (line: string) => void,
): Promise<StartedRun> =>
  whileSubmitting(run, async (now) => {
    const { move, raise } = changesOf(adapter, request);
    raise(now.manifest);
    const waiting: ShardState[] = move(now.manifest) === now.manifest ? ["held"] : ["held", "queued"];
    const cancelled = await cancelWaiting(now, adapter, machine, new Set(waiting));
    if (cancelled.length > 0) note(`cancelled the ${waiting.join(" and ")} jobs of ${namedShards(cancelled)}`);
    const cut = request.split ? await endedShards(now, adapter, machine, cancelled) : [];
    if (cut.length > 0) note(`cut in two: ${namedShards(cut)}`);
    else if (request.split) note("nothing was cut in two: no shard ended without a result");
    for (const line of keptLimits(now.manifest, adapter, request.raised)) note(line);
    const changed = changeFarmManifest(now, (manifest) => cutShards(raise(move(manifest)), cut, utcNow()));
    return await submitOpen(changed, adapter, machine, { ended: true, cancelled });
  });

function changesOf(adapter: Backend, { nodes, mode, raised }: RetryRequest) {
  const at = utcNow();
  return {
    move: (manifest: FarmManifest) =>
      changeMode(changeOptions(manifest, nodes, "retried", at), adapter, mode, "retried", at),
    raise: (manifest: FarmManifest) => raiseLimits(manifest, adapter, raised, at),
  };
}

const utcNow = () => new Date().toISOString();
