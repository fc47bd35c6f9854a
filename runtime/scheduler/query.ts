import { join } from "node:path";
import { cutPlans } from "../../core/check_manifest.ts";
import { orElse } from "../../core/errors.ts";
import type { ShardState } from "../../core/schema/enums.ts";
import type { FarmManifest } from "../../core/schema/manifest.ts";
import type { Submission } from "../../core/schema/submit_meta.ts";
import { isEnded, isWaiting, NOT_ANSWERED, WAITING } from "../../core/shard_states.ts";
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
import { serverNow_ms } from "../run/temporary.ts";
import { changeSubmitMeta, ownSubmissions, readSubmitMeta, withoutSilent } from "../run/submissions.ts";
import { listAttempts, readAttempt } from "../shard/attempts.ts";
import type { QueriedShard } from "../shard/context.ts";
import { shardsWithFiles } from "../shard/list_run.ts";
import { ownBinary } from "../system/process.ts";
import { runCommands } from "./drive.ts";
import { loopStates } from "./background.ts";
import { findByHand } from "./by_hand.ts";
import { fetchKept } from "./fetch.ts";

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
  const all = renderContext(run, cutPlans(run.manifest).map(({ shard_index }) => shard_index));
  return await findByHand(run, adapter, all, given, async (handle) => {
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
  let missing = handles.filter((handle) => !isOver(handle, found));
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

/** Returns a key that two states have only where they are of the same task of the same submission. */
export const taskKey = ({ token, shard }: Pick<NativeState, "token" | "shard">): string => `${token} ${shard}`;

const isActive = ({ state }: NativeState): boolean => isWaiting(state) || state === "running";

/**
 * Time in seconds for which a history is believed that a job waits or runs which its queue does not know: a site may
 * show its queue late. A crash can leave such an entry for ever (sacctmgr(1), RunawayJobs).
 */
const HISTORY_BELIEVED_S = 600;

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

/** Whether the logs report that a whole submission has ended, so that no query is needed. */
function isOver(handle: Handle, found: NativeState[]): boolean {
  return isComplete(handle, found.filter(isFinal));
}

/** Whether these states are of all tasks of a submission. */
function isComplete({ token, chunk }: Handle, found: NativeState[]): boolean {
  const reported = new Set(found.filter((one) => one.token === token).map((one) => one.shard));
  return reported.has(null) || chunk.shards.every((shard) => reported.has(shard));
}

const UNANSWERED = { state: "unknown", native: "", reason: NOT_ANSWERED, host: null } as const;

/**
 * Returns the states that count, and that of each shard's latest submission that was not refused. A shard that its
 * scheduler no longer knows is left out where no file of it can be late.
 * @param unqueued the tasks that only the history calls waiting or running
 */
function lastStates(
  run: Run<FarmManifest>,
  { kind, limits: { files_may_be_late } }: Backend,
  states: NativeState[],
  given: Set<number>,
  submissions: readonly Submission[],
  unqueued: ReadonlySet<string>,
): Pick<QueriedScheduler, "shards" | "states"> {
  const native = latestStates(kind, states, submissions);
  const recorded = shardsWithFiles(run.dir);
  // A job that its scheduler calls done must show its files like one that the scheduler has forgotten.
  const isDoubtful = (one: NativeState | undefined) => !one || one.state === "done" || unqueued.has(taskKey(one));
  const absent = absentSeconds(run.dir, [...given].filter((i) => isDoubtful(native.get(i)) && !recorded.has(i)));
  const isBelieved = (one: NativeState) =>
    one.shard === null || !unqueued.has(taskKey(one)) ||
    (native.get(one.shard)?.token === one.token && (absent.get(one.shard) ?? 0) < HISTORY_BELIEVED_S);
  for (const [shard, one] of native) if (!isBelieved(one)) native.delete(shard);
  const listed = files_may_be_late === false ? [...given].filter((shard) => native.has(shard)) : [...given];
  const queried = (shard: number) => ({ native: native.get(shard) ?? null, absent_s: absent.get(shard) ?? null });
  return { states: states.filter(isBelieved), shards: new Map(listed.map((shard) => [shard, queried(shard)])) };
}

/** Returns the state of each shard by its latest submission that was not refused. */
function latestStates(
  kind: Backend["kind"],
  states: readonly NativeState[],
  submissions: readonly Submission[],
): Map<number, NativeState> {
  const native = new Map<number, NativeState>();
  const of = Map.groupBy(states, ({ token }) => token);
  for (const { token, shards, state } of submissions.filter(({ state }) => state !== "refused")) {
    // A worker's process is there or not, whether its submission was answered or not.
    const is_unanswered = kind !== "worker" && (state === "intent" || state === "unclear");
    for (const shard of shards) {
      if (is_unanswered) native.set(shard, { ...UNANSWERED, token, shard });
      else native.delete(shard);
    }
    for (const one of of.get(token) ?? []) {
      for (const shard of one.shard === null ? shards : [one.shard]) native.set(shard, one);
    }
  }
  return native;
}

/** States in order of precedence: the first says most about what will happen. */
const ORDER: readonly ShardState[] = ["running", ...WAITING];

/**
 * Returns the states of shards from those of pilots, any of which may run any shard: while one runs or waits, started
 * shards run and the others wait; when all have ended, shards that were never started are open.
 */
function statesOfPilots(
  run: Run<FarmManifest>,
  states: readonly NativeState[],
  given: ReadonlySet<number>,
): Map<number, QueriedShard> {
  const begun = begunShards(run.dir, given);
  const best = ORDER.flatMap((state) => states.find((one) => one.state === state) ?? []).at(0);
  if (!best) return afterPilots(run, begun);
  const reason = best.state === "running" || best.state === "queued" ? "waits for a pilot" : best.reason;
  return new Map([...given].map((shard) => {
    const native: NativeState = begun.has(shard)
      ? { ...best, state: "running", shard, reason: null, host: null }
      : { ...best, state: best.state === "running" ? "queued" : best.state, shard, reason, host: null };
    return [shard, { native, absent_s: null }];
  }));
}

/** Returns the started shards of ended pilots: their files may arrive late. */
function afterPilots(run: Run<FarmManifest>, begun: ReadonlySet<number>): Map<number, QueriedShard> {
  const recorded = shardsWithFiles(run.dir);
  const absent = absentSeconds(run.dir, [...begun].filter((shard) => !recorded.has(shard)));
  return new Map([...begun].map((shard) => [shard, { native: null, absent_s: absent.get(shard) ?? null }]));
}

/** Returns the shards whose last attempt has no end yet. */
function begunShards(dir: string, given: ReadonlySet<number>): Set<number> {
  const begun = new Set<number>();
  for (const [shard, numbers] of listAttempts(dir)) {
    if (given.has(shard) && readAttempt(dir, shard, numbers.at(-1) ?? 0)?.end === null) begun.add(shard);
  }
  return begun;
}

/**
 * Returns the seconds since a query first found that the scheduler does not know each of these shards. The times are kept
 * in submit_meta.json, so that queries of different commands, minutes apart, count as one wait for late files. They are
 * by the clock of the file server: those of two submit hosts may differ. A time ahead of it is of such a host.
 */
function absentSeconds(dir: string, absent: readonly number[]): Map<number, number> {
  const meta = readSubmitMeta(dir);
  const before = meta?.farm?.absent_since_utc ?? {};
  const server_ms = absent.length === 0 ? -Infinity : serverNow_ms(dir);
  const now = new Date(Number.isFinite(server_ms) ? server_ms : Date.now()).toISOString();
  const sinceOf = (known: string | undefined) => known !== undefined && known <= now ? known : now;
  const since = Object.fromEntries(absent.map((shard) => [`${shard}`, sinceOf(before[`${shard}`])]));
  if (meta && JSON.stringify(before) !== JSON.stringify(since)) keep(dir, since);
  const seconds = (shard: number) => (Date.parse(now) - Date.parse(since[`${shard}`] ?? now)) / 1000;
  return new Map(absent.map((shard) => [shard, Math.max(0, seconds(shard))]));
}

function keep(dir: string, absent_since_utc: Record<string, string>): void {
  try {
    changeSubmitMeta(dir, (meta) => meta && { ...meta, farm: { submissions: [], ...meta.farm, absent_since_utc } });
  } catch {
    // The run of another user, or a full disk: the states are shown nevertheless.
  }
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
