import { join } from "node:path";
import { FAILURES, printable } from "../../core/failure.ts";
import type { FarmManifest } from "../../core/schema/manifest.ts";
import { isEnded } from "../../core/shard_states.ts";
import type { Backend } from "../../schedulers/adapter.ts";
import { readTail } from "../fs/read.ts";
import { exists } from "../fs/write.ts";
import type { Run } from "../run/load_manifest.ts";
import { readSubmissions } from "../run/submissions.ts";
import { handlesOf } from "../scheduler/query.ts";
import type { ScannedShard } from "./scan.ts";

/**
 * Returns the texts of a shard's job logs; null where one does not exist. From a file that the jobs of many shards
 * share, only the lines of this shard.
 * @param explaining keeps, from such a file, only lines that may explain why the shard is not done
 */
export function readJobLogs(
  dir: string,
  adapter: Backend,
  shard: number,
  explaining: boolean,
): { name: string; text: string | null }[] {
  return handlesFor(dir, shard).flatMap((handle) => {
    const shared = adapter.eventLogs?.([handle]) ?? [];
    return (adapter.jobLogs?.(handle, shard) ?? []).map((name) => {
      const path = join(dir, name);
      if (!exists(path)) return { name, text: null };
      if (!adapter.eventsOf || !shared.includes(name)) return { name, text: readTail(path) };
      return { name, text: adapter.eventsOf(readTail(path, MAX_EVENTS_BYTES), handle, shard, explaining) };
    });
  });
}

const handlesFor = (dir: string, shard: number) =>
  handlesOf(readSubmissions(dir)).filter((handle) => handle.chunk.shards.includes(shard));

const MAX_EVENTS_BYTES = 64 * 1024 * 1024;

/** Returns the files that the jobs of a shard write, relative to the run directory; newest last. */
const jobLogNames = (dir: string, adapter: Backend, shard: number): string[] =>
  handlesFor(dir, shard).flatMap((handle) => adapter.jobLogs?.(handle, shard) ?? []);

/**
 * Returns the shards, with a better explanation for those whose job's log says more than their scheduler and their
 * attempt: a job that its scheduler reports out of memory may have logged that its time was up, and a job without a log
 * never started.
 */
export function explainEnds(run: Run<FarmManifest>, adapter: Backend, shards: ScannedShard[]): ScannedShard[] {
  const { readJobLog } = adapter;
  if (!readJobLog) return shards;
  return shards.map((shard) => {
    const log = isUnexplained(shard) ? jobLogNames(run.dir, adapter, shard.plan.shard_index).at(-1) : undefined;
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
