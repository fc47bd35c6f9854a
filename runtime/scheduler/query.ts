import { join } from "node:path";
import { cutPlans } from "../../core/check_manifest.ts";
import { orElse } from "../../core/errors.ts";
import type { FarmManifest } from "../../core/schema/manifest.ts";
import type { Submission } from "../../core/schema/submit_meta.ts";
import { isEnded, isWaiting } from "../../core/shard_states.ts";
import { isOurHold, PAUSED } from "../../core/steering.ts";
import type {
  Answer,
  Backend,
  Handle,
  NativeState,
  RenderContext,
  SchedulerAdapter,
  SchedulerLimits,
} from "../../schedulers/adapter.ts";
import { MAX_DOCUMENT_BYTES, readRegular } from "../fs/read.ts";
import type { Run } from "../run/load_manifest.ts";
import { readSteering } from "../run/steering.ts";
import { ownSubmissions, withoutSilent } from "../run/submissions.ts";
import type { QueriedShard } from "../shard/context.ts";
import { ownBinary } from "../system/process.ts";
import { loopStates } from "./background.ts";
import { findByHand } from "./by_hand.ts";
import { runCommands } from "./drive.ts";
import { fetchKept } from "./fetch.ts";
import { lastStates, statesOfPilots, taskKey } from "./job_states.ts";

/** The answer of a scheduler about all submitted shards. */
export interface QueriedScheduler {
  reached: boolean;
  /** Why the scheduler could not be queried; null: it answered. */
  message: string | null;
  shards: Map<number, QueriedShard>;
  /** All reported states of every submission, also of submissions that a later one of the same shards has replaced. */
  states: NativeState[];
  /** Job of shards without a submission that a user has submitted by hand; null: none is known. */
  by_hand: string | null;
  grace_s: number;
}

/** Queries a scheduler about all jobs of a run in as few calls as its adapter needs. */
export async function queryScheduler(
  run: Run<FarmManifest>,
  adapter: Backend,
  grace_s: number,
): Promise<QueriedScheduler> {
  const submissions = ownSubmissions(run);
  const handles = handlesOf(submissions);
  const unqueued = new Set<string>();
  const answer =
    await (adapter.kind === "worker" ? loopStates(run, handles) : queryRounds(run, adapter, handles, unqueued));
  const given = new Set(submissions.filter((one) => one.state !== "refused").flatMap((one) => one.shards));
  if (answer.kind !== "ok") {
    const shards = new Map([...given].map((shard) => [shard, { native: null, absent_s: null }]));
    return { reached: false, message: answer.message, shards, states: [], by_hand: null, grace_s };
  }
  const steering = readSteering(run) ?? {};
  const states = answer.value.map((one) => isOurHold(steering, one) ? { ...one, reason: PAUSED } : one);
  const found = run.manifest.farm.pilots === null
    ? lastStates(run, adapter, states, given, submissions, unqueued)
    : { shards: statesOfPilots(run, withoutSilent(run, states), given), states };
  const by_hand = adapter.kind === "worker" ? null : await jobByHand(run, adapter, given);
  for (const [shard, native] of by_hand?.shards ?? []) found.shards.set(shard, { native, absent_s: null });
  return { reached: true, message: null, ...found, by_hand: by_hand?.job_id ?? null, grace_s };
}

/** Returns the job that a user has submitted by hand, of shards that are in no submission and have no result. */
async function jobByHand(run: Run<FarmManifest>, adapter: SchedulerAdapter, given: ReadonlySet<number>) {
  const shards = cutPlans(run.manifest).map(({ shard_index }) => shard_index);
  if (shards.every((shard) => given.has(shard))) return null;
  return await findByHand(run, adapter, renderContext(run, shards), given, async (handle) => {
    const unqueued = new Set<string>();
    const answer = await queryRounds(run, adapter, [handle], unqueued);
    return answer.kind === "ok" ? answer.value.filter((one) => !unqueued.has(taskKey(one))) : [];
  });
}

/** Number of queries that an adapter may need: the queue, then history. */
const MAX_ROUNDS = 3;

/** @param unqueued gets the tasks that only the history calls waiting or running, as taskKey() names them */
async function queryRounds(
  run: Run<FarmManifest>,
  adapter: SchedulerAdapter,
  handles: Handle[],
  unqueued: Set<string>,
): Promise<Answer<NativeState[]>> {
  const found: NativeState[] = [];
  const first = new Map<string, NativeState>();
  const add = (states: readonly NativeState[]) => {
    for (const one of states) {
      found.push(one);
      if (!first.has(taskKey(one))) first.set(taskKey(one), one);
    }
  };
  add(readLogs(run, adapter, handles));
  const context = renderContext(run, []);
  // A submission that has ended as a whole by the logs needs no query.
  const over = found.filter(isFinal);
  let missing = handles.filter((handle) => !isComplete(handle, over));
  for (let round = 0; round < MAX_ROUNDS && missing.length > 0; round++) {
    const commands = adapter.query(context, missing, round);
    if (commands.length === 0) break;
    const answer = adapter.readQuery(await runCommands(adapter, commands, run.dir), missing, round);
    if (answer.kind !== "ok") return answer;
    const isUnqueued = (one: NativeState) => round > 0 && isActive(one) && !first.has(taskKey(one));
    answer.value.filter(isUnqueued).forEach((one) => unqueued.add(taskKey(one)));
    add(answer.value.flatMap((one) => newer(first.get(taskKey(one)), one)));
    missing = missing.filter((handle) => !isComplete(handle, found));
  }
  return { kind: "ok", value: await fetchKept(run, adapter, context, handles, found) };
}

const isActive = ({ state }: NativeState): boolean => isWaiting(state) || state === "running";

/** Returns the states in the logs that the scheduler writes into the run directory, without a call of its daemon. */
function readLogs(run: Run<FarmManifest>, adapter: SchedulerAdapter, handles: Handle[]): NativeState[] {
  if (!adapter.eventLogs || !adapter.readEventLogs || handles.length === 0) return [];
  const texts = adapter.eventLogs(handles).map((path) => readLogFile(join(run.dir, path)));
  return adapter.readEventLogs(texts, handles);
}

const readLogFile = (path: string): string | null =>
  orElse(null, () => new TextDecoder().decode(readRegular(path, MAX_DOCUMENT_BYTES)));

/**
 * Returns whether a task in this state never runs again by itself. A preempted one may be requeued, and another cluster
 * may have started one that is lost here.
 */
const isFinal = ({ state }: NativeState): boolean =>
  state === "done" || (isEnded(state) && state !== "preempted" && state !== "lost");

/**
 * Returns the states that an answer adds to a known one: none after its end; a state that the log has reported keeps
 * the log's reason where the answer has none.
 */
function newer(known: NativeState | undefined, reported: NativeState): NativeState[] {
  if (known && isFinal(known)) return [];
  return [
    known?.state === reported.state && reported.reason === null ? { ...reported, reason: known.reason } : reported,
  ];
}

/** Whether these states are of all tasks of a submission. */
function isComplete({ token, chunk }: Handle, found: NativeState[]): boolean {
  const reported = new Set(found.filter((one) => one.token === token).map((one) => one.shard));
  return reported.has(null) || chunk.shards.every((shard) => reported.has(shard));
}

/** Returns what an adapter needs to render the jobs of a run. */
export function renderContext(
  run: Run<FarmManifest>,
  shards: number[],
  limits: SchedulerLimits = {},
): RenderContext {
  const { manifest, dir } = run;
  const { most, concurrency_limit } = readSteering(run)?.throttle ?? {};
  return {
    manifest,
    run_dir: dir,
    nsfarm: manifest.farm.nsfarm_bin ?? ownBinary(),
    options: manifest.farm.options,
    ...(most === undefined ? {} : { throttle: most }),
    limits: { ...(concurrency_limit === undefined ? {} : { concurrency_limit }), ...limits },
    shards,
  };
}

/** Returns the handles of submissions that may still have jobs. */
export function handlesOf(submissions: Submission[]): Handle[] {
  return submissions.flatMap(({ job_id, token, shards, tasks, state, command }, index) => {
    if (job_id === null || state === "refused") return [];
    return [{ job_id, token, chunk: { index, shards, ...(tasks ? { tasks } : {}) }, command }];
  });
}
