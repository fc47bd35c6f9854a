import { join } from "node:path";
import { FAILURES, printable } from "../../core/failure.ts";
import { isProgressLine } from "../../core/progress.ts";
import type { FarmManifest } from "../../core/schema/manifest.ts";
import { isEnded } from "../../core/shard_states.ts";
import type { Backend, Handle } from "../../schedulers/adapter.ts";
import { readTail } from "../fs/read.ts";
import { exists } from "../fs/write.ts";
import type { Run } from "../run/load_manifest.ts";
import { readSubmissions } from "../run/submissions.ts";
import { handlesOf } from "../scheduler/query.ts";
import type { ScannedShard } from "./scan.ts";

/** A log of a shard's job, by its path in the run directory. */
interface JobLog {
  name: string;
  /** null: it does not exist. From a file that the jobs of many shards share, only the lines of this shard. */
  text: string | null;
}

/** Returns the logs of a shard's jobs, newest last. */
export function readJobLogs(dir: string, adapter: Backend, shard: number): JobLog[] {
  return jobsOf(dir, new Set([shard])).flatMap(({ handle }) => openJobLogs(dir, adapter, handle)(shard, false));
}

/** Returns the submissions with any of the shards, oldest first, each with those. */
function jobsOf(dir: string, shards: ReadonlySet<number>): { handle: Handle; mine: number[] }[] {
  if (shards.size === 0) return [];
  return handlesOf(readSubmissions(dir)).flatMap((handle) => {
    const mine = handle.chunk.shards.filter((shard) => shards.has(shard));
    return mine.length === 0 ? [] : [{ handle, mine }];
  });
}

/** A log, and its first line with a word besides progress; undefined: it has none. */
export interface FirstLine {
  name: string;
  line: string | undefined;
}

/** Returns the first line of a log that may explain something. */
export const firstLine = ({ name, text }: JobLog): FirstLine => (
  { name, line: text?.split("\n").find((line) => line.trim() !== "" && !isProgressLine(line)) }
);

/**
 * Returns, for each of the shards, the newest log of its jobs with words that may explain why it is not done, else the
 * first log of its last job; none for a shard without a job. A file that many shards share is read once for each
 * submission.
 */
export function tellingJobLogs(dir: string, adapter: Backend, shards: ReadonlySet<number>): Map<number, FirstLine> {
  const found = new Map<number, FirstLine>();
  for (const { handle, mine } of jobsOf(dir, shards).toReversed()) {
    const read = openJobLogs(dir, adapter, handle);
    for (const shard of mine) {
      if (found.get(shard)?.line !== undefined) continue;
      const logs = read(shard, true).map(firstLine);
      const log = logs.find(({ line }) => line !== undefined) ?? found.get(shard) ?? logs[0];
      if (log) found.set(shard, log);
    }
  }
  return found;
}

const MAX_EVENTS_BYTES = 64 * 1024 * 1024;

/**
 * Returns a function that reads the logs of a shard's job in one submission.
 * @param adapter `telling` keeps, from a file that many shards share, only lines that may explain a shard's end
 */
function openJobLogs(dir: string, { eventLogs, eventsOf, jobLogs }: Backend, handle: Handle) {
  const shared = new Map(
    eventsOf ? eventLogs?.([handle]).map((name) => [name, readTail(join(dir, name), MAX_EVENTS_BYTES)]) : [],
  );
  return (shard: number, telling: boolean): JobLog[] =>
    (jobLogs?.(handle, shard) ?? []).map((name) => {
      const path = join(dir, name);
      const events = shared.get(name);
      if (!exists(path)) return { name, text: null };
      return { name, text: events === undefined ? readTail(path) : eventsOf?.(events, handle, shard, telling) ?? "" };
    });
}

/** Returns the newest file that the job of each of the shards writes, relative to the run directory. */
function jobLogNames(dir: string, { jobLogs }: Backend, shards: ReadonlySet<number>): Map<number, string> {
  const found = new Map<number, string>();
  for (const { handle, mine } of jobsOf(dir, shards)) {
    for (const shard of mine) {
      const name = jobLogs?.(handle, shard).at(-1);
      if (name !== undefined) found.set(shard, name);
    }
  }
  return found;
}

/**
 * Returns the shards, with a better explanation for those whose job's log says more than their scheduler and their
 * attempt: a job that its scheduler reports out of memory may have logged that its time was up, and a job without a log
 * never started.
 */
export function explainEnds(run: Run<FarmManifest>, adapter: Backend, shards: ScannedShard[]): ScannedShard[] {
  const { readJobLog } = adapter;
  if (!readJobLog) return shards;
  const unexplained = new Set(shards.filter(isUnexplained).map(({ plan }) => plan.shard_index));
  const names = jobLogNames(run.dir, adapter, unexplained);
  return shards.map((shard) => {
    const log = names.get(shard.plan.shard_index);
    if (log === undefined) return shard;
    const path = join(run.dir, log);
    if (shard.state === "lost" && !exists(path)) return { ...shard, why: NEVER_BEGAN };
    const text = readTail(path);
    const word = readJobLog(text);
    if (word) return { ...shard, state: word.state, why: word.reason };
    const own = OWN_WORDS.exec(text)?.[1];
    return own ? { ...shard, why: `${shard.why}: ${printable(own)}` } : shard;
  });
}

/** Matches the message of a job of ours that could not start its shard. */
const OWN_WORDS = /^nsfarm-deno: (.+)$/m;

const NEVER_BEGAN = "its job never started: it was cancelled while queued, or its scheduler lost it";

/** Whether a shard is lost, or was stopped for a reason that its attempt does not know. */
function isUnexplained({ state, last }: ScannedShard): boolean {
  if (!isEnded(state)) return false;
  return state === "lost" || last === null || last.end === null || FAILURES[last.end.cause].ended_by !== "itself";
}
