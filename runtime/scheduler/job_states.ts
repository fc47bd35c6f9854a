import type { ShardState } from "../../core/schema/enums.ts";
import type { FarmManifest } from "../../core/schema/manifest.ts";
import type { Submission } from "../../core/schema/submit_meta.ts";
import { NOT_ANSWERED, WAITING } from "../../core/shard_states.ts";
import type { Backend, NativeState } from "../../schedulers/adapter.ts";
import type { Run } from "../run/load_manifest.ts";
import { changeSubmitMeta, readSubmitMeta } from "../run/submissions.ts";
import { serverNow_ms } from "../run/temporary.ts";
import { listAttempts, readAttempt } from "../shard/attempts.ts";
import type { QueriedShard } from "../shard/context.ts";
import { shardsWithFiles } from "../shard/list_run.ts";

/** Returns a key that two states have only where they are of the same task of the same submission. */
export const taskKey = ({ token, shard }: Pick<NativeState, "token" | "shard">): string => `${token} ${shard}`;

/**
 * Time in seconds for which a history is believed that a job waits or runs which its queue does not know: a site may
 * show its queue late. A crash can leave such an entry for ever (sacctmgr(1), RunawayJobs).
 */
const HISTORY_BELIEVED_S = 600;

const UNANSWERED = { state: "unknown", native: "", reason: NOT_ANSWERED, host: null } as const;

/**
 * Returns the states that count, and that of each shard's latest submission that was not refused. A shard that its
 * scheduler no longer knows is left out where no file of it can be late.
 * @param unqueued the tasks that only the history calls waiting or running
 */
export function lastStates(
  run: Run<FarmManifest>,
  { kind, limits: { files_may_be_late } }: Backend,
  states: NativeState[],
  given: Set<number>,
  submissions: readonly Submission[],
  unqueued: ReadonlySet<string>,
): { shards: Map<number, QueriedShard>; states: NativeState[] } {
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
export function statesOfPilots(
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
