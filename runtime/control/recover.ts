import { type Recovery, type RecoveryBounds, recoverySteps } from "../../core/recovery.ts";
import { applyRecovery, earlierRecoveries } from "../../core/recovery_history.ts";
import type { FarmManifest } from "../../core/schema/manifest.ts";
import type { Submission } from "../../core/schema/submit_meta.ts";
import { isGoingOn, isWaiting, LATE_FILES_S, NOT_SUBMITTED, WAITING } from "../../core/shard_states.ts";
import { quoteWord } from "../../core/shell_quote.ts";
import type { Backend } from "../../schedulers/adapter.ts";
import { changeFarmManifest } from "../run/change_manifest.ts";
import type { Run } from "../run/load_manifest.ts";
import { readSubmissions } from "../run/submissions.ts";
import { recoveryLimits } from "../scheduler/adapters.ts";
import { queryLimits, unreachable } from "../scheduler/drive.ts";
import { type QueriedScheduler, queryScheduler } from "../scheduler/query.ts";
import { optionAvoiding } from "../scheduler/recent_nodes.ts";
import { resolveSubmissions } from "../scheduler/submit.ts";
import { ingestIncoming } from "../shard/ingest.ts";
import { explainEnds } from "../state/job_logs.ts";
import { shardOnNode } from "../state/on_nodes.ts";
import { type ScannedShard, scanRun } from "../state/scan.ts";
import type { Machine } from "../system/machine.ts";
import { cancelWaiting } from "./cancel.ts";
import { awaitsCut, submitOpen, whileSubmitting } from "./start.ts";

/** A recovery that is on record in the manifest. */
interface PlannedRecovery {
  run: Run<FarmManifest>;
  recovery: Recovery;
  /** Shards in the queue that are to be submitted anew, since they would run on a node that fails jobs. */
  moved: number[];
  /** Whether one of the shards has a job that waits, which is to be cancelled first. */
  has_waiting: boolean;
  /** Whether some shard runs, waits, or has an unknown state: there may be more to do later. */
  goes_on: boolean;
  /** Index of the first new piece of a cut shard. */
  first_piece: number;
}

export interface RecoveryRound extends PlannedRecovery {
  submissions: Submission[];
  /** Shards that the queue did not take yet. */
  left: number[];
}

/**
 * Does what the table of recovery says about the shards of a run, and submits those that it reruns, as many as the queue
 * takes. Each step is on record before the scheduler is called.
 * @param note receives a line for each step
 * @throws {FarmError} unreachable; NotTaken, for a refusal other than of the number of jobs
 */
export const recoverRun = (
  run: Run<FarmManifest>,
  adapter: Backend,
  machine: Machine,
  request: RecoveryBounds,
  note: (line: string) => void,
): Promise<RecoveryRound> =>
  whileSubmitting(run, async (now) => {
    await resolveSubmissions(now, adapter, goOn(now));
    const planned = await planRecovery(now, adapter, machine, request, note);
    const { recovery, moved, first_piece } = planned;
    const mine = new Set([...recovery.actions.flatMap(({ shards }) => shards), ...recovery.submit, ...moved]);
    const isOne = (shard: number) => mine.has(shard) || shard >= first_piece;
    if (mine.size === 0) return { ...planned, submissions: [], left: [] };
    const cancelled = planned.has_waiting
      ? await cancelWaiting(planned.run, adapter, machine, WAITING, (shard) => mine.has(shard))
      : [];
    const again = { ended: true, cancelled, isOne, as_many_as_go: true };
    const { run, submissions } = await submitOpen(planned.run, adapter, machine, again);
    const taken = new Set(submissions.flatMap(({ shards }) => shards));
    const { plans } = run.manifest;
    const pieces = plans.slice(first_piece).map(({ shard_index }) => shard_index);
    const left = [...mine, ...pieces].filter((shard) => !taken.has(shard) && !plans[shard]?.farm?.replaced_by);
    return { ...planned, run, submissions, left };
  });

const goOn = ({ dir }: Run<FarmManifest>) => `nsfarm-deno retry ${quoteWord(dir)}`;

/**
 * Decides what to do with the shards of a run, and writes it into the manifest. The caller holds the submit lock
 * (whileSubmitting), or is the only one that works on the run.
 * @throws {FarmError} unreachable, when the scheduler does not answer
 */
export async function planRecovery(
  run: Run<FarmManifest>,
  adapter: Backend,
  machine: Machine,
  { most, by_hand }: RecoveryBounds,
  note: (line: string) => void,
): Promise<PlannedRecovery> {
  const answer = await queryScheduler(run, adapter, LATE_FILES_S);
  if (!answer.reached) throw unreachable(adapter, "query the run's jobs", answer.message ?? "no answer");
  ingestIncoming(run);
  const all = explainEnds(run, adapter, await scanRun(run, machine, answer));
  // Toys that are not in shards yet are submitted once they can be cut.
  const isReady = awaitsCut(run, all.map(({ plan, state }) => ({ shard: plan.shard_index, state })));
  const scanned = all.filter(({ plan }) => isReady || !plan.farm?.uncut);
  const submissions = readSubmissions(run.dir);
  const recovery = recoverySteps(
    scanned.map((shard) => ({ ...shardOnNode(run, shard, answer), n_toys: shard.plan.n_toys })),
    recoveryLimits(run, adapter, await queryLimits(adapter)),
    earlierRecoveries(run.manifest, submissions),
    { most, by_hand },
  );
  const moved = recovery.avoid.length === 0 ? [] : queuedShards(scanned, answer);
  const { farm: { history }, plans } = run.manifest;
  const changed = recovery.actions.length === 0 ? run : changeFarmManifest(run, (now) =>
    applyRecovery(now, recovery, {
      options: optionChanges(run, adapter, recovery),
      moved,
      n_submissions: submissions.length,
      at_utc: new Date().toISOString(),
    }));
  for (const entry of changed.manifest.farm.history.slice(history.length)) if (entry.recovery) note(entry.change);
  const acted = new Set([...recovery.actions.flatMap(({ shards }) => shards), ...recovery.submit]);
  const has_waiting = moved.length > 0 ||
    scanned.some(({ plan, state, why }) => acted.has(plan.shard_index) && isWaiting(state) && why !== NOT_SUBMITTED);
  const goes_on = scanned.some(({ state, why }) => isGoingOn(state) || (state === "queued" && why !== NOT_SUBMITTED));
  return { run: changed, recovery, moved, has_waiting, goes_on, first_piece: plans.length };
}

/** Returns the shards whose jobs wait in the queue of the scheduler. */
const queuedShards = (scanned: readonly ScannedShard[], answer: QueriedScheduler): number[] =>
  scanned.flatMap(({ plan, state }) =>
    state === "queued" && answer.shards.get(plan.shard_index)?.native?.state === "queued" ? plan.shard_index : []
  );

function optionChanges(run: Run<FarmManifest>, adapter: Backend, { changes, avoid }: Recovery) {
  const change = (role: "memory" | "time") => {
    const name = adapter.options.find((one) => one.role === role)?.name;
    const value = name === undefined ? undefined : changes[name];
    return name === undefined || value === undefined ? {} : { [role]: { name, value } };
  };
  const nodes = avoid.length === 0
    ? null
    : optionAvoiding(adapter, run.manifest.farm.options, avoid.map((node) => ({ node })));
  return { ...change("memory"), ...change("time"), ...(nodes === null ? {} : { nodes }) };
}
