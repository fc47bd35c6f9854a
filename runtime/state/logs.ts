import { join } from "node:path";
import type { OpenShard } from "../../core/advice.ts";
import type { StatusShard } from "../../core/describe_status.ts";
import { printable } from "../../core/failure.ts";
import { workloadOf } from "../../core/workload/registry.ts";
import { attemptHost } from "../../core/record.ts";
import { attemptName, ATTEMPTS, metricsName, outName, stderrName, stdoutName } from "../../core/run_paths.ts";
import type { FarmManifest, Plan } from "../../core/schema/manifest.ts";
import type { ShardRecord } from "../../core/schema/shard_record.ts";
import type { Backend } from "../../schedulers/adapter.ts";
import { readTail, Unreadable } from "../fs/read.ts";
import { exists } from "../fs/write.ts";
import type { Run } from "../run/load_manifest.ts";
import { listAttempts, readAttempts } from "../shard/attempts.ts";
import { fitFiles } from "../shard/context.ts";
import { readCommitted } from "../shard/read.ts";
import { type FirstLine, firstLine, readJobLogs, tellingJobLogs } from "./job_logs.ts";

export interface ShardLogs {
  shard: number;
  /** The shards into which it was cut; absent: it was not. */
  replaced_by?: readonly number[];
  attempts: { attempt: number; host: string; started_at_utc: string; end: ShardRecord | null }[];
  record: ShardRecord | null;
  /** The last 64 kB of each nonempty log, and of each that a job was given; `text` null: does not exist. */
  logs: { name: string; text: string | null }[];
}

export function readLogs({ dir }: Run<FarmManifest>, { shard_index: shard, farm }: Plan, adapter: Backend): ShardLogs {
  const numbers = listAttempts(dir).get(shard) ?? [];
  const attempts = readAttempts(dir, shard, numbers).map((one) => ({
    attempt: one.attempt,
    host: attemptHost(one),
    started_at_utc: one.started_at_utc,
    end: one.end,
  }));
  const committed = readCommitted(join(dir, metricsName(shard)));
  return {
    shard,
    ...(farm?.replaced_by ? { replaced_by: farm.replaced_by } : {}),
    attempts,
    record: committed instanceof Unreadable ? null : committed.farm,
    // An empty or absent job log is information too: the job was killed at once, or never started.
    logs: [...ownLogs(dir, shard, numbers), ...readJobLogs(dir, adapter, shard)],
  };
}

/** Returns the nonempty logs of a shard's fits, also of those that go on. @param numbers of its attempts */
function ownLogs(dir: string, shard: number, numbers: readonly number[]): ShardLogs["logs"] {
  const going = numbers.flatMap((number) => {
    const files = fitFiles("", shard, number);
    return [files.stdout, files.stderr];
  });
  const read = (name: string) => ({ name, text: exists(join(dir, name)) ? readTail(join(dir, name)) : null });
  return [stdoutName(shard), stderrName(shard), ...going].map(read).filter((log) => log.text);
}

/** Returns the shards that are not done, with their logs. */
export function openShardsOf(run: Run<FarmManifest>, adapter: Backend, shards: StatusShard[]): OpenShard[] {
  const { dir, manifest } = run;
  const listed = listAttempts(dir);
  const found = shards.filter(({ state }) => state !== "done").flatMap((shard) => {
    const plan = manifest.plans[shard.shard];
    if (!plan) return [];
    const numbers = listed.get(shard.shard) ?? [];
    const [own] = ownLogs(dir, shard.shard, numbers);
    return [{ shard, plan, numbers, own: own && firstLine(own) }];
  });
  const silent = found.filter(({ own }) => own === undefined).map(({ shard }) => shard.shard);
  const ofJobs = tellingJobLogs(dir, adapter, new Set(silent));
  return found.map(({ shard, plan, numbers, own }) => ({
    ...shard,
    ...tracesOf(run, plan, numbers, own ?? ofJobs.get(shard.shard)),
  }));
}

function tracesOf(run: Run<FarmManifest>, plan: Plan, numbers: number[], log: FirstLine | undefined) {
  const { last, times } = lastEnd(readAttempts(run.dir, plan.shard_index, numbers));
  const line = last?.end?.stderr_tail[0] ?? log?.line;
  const attempt = last && join(run.dir, ATTEMPTS, attemptName(plan.shard_index, last.attempt));
  return {
    cause: last?.end?.cause ?? null,
    said: line === undefined ? null : printable(line.trim()),
    log: log ? join(run.dir, log.name) : attempt ?? null,
    times,
    by_hand: byHand(run.manifest, plan),
  };
}

/** Returns the last attempt with an end, and how often in a row the shard has ended in the same way. */
export function lastEnd<A extends { end: ShardRecord | null }>(
  attempts: readonly A[],
): { last: A | undefined; times: number } {
  const ends = attempts.filter((one) => one.end !== null);
  const last = ends.at(-1);
  return { last, times: ends.length - 1 - ends.findLastIndex((one) => howOf(one) !== howOf(last)) };
}

/** Returns how an attempt ended, without numbers that differ between attempts. */
function howOf(one: { end: ShardRecord | null } | undefined): string {
  const { cause, exit_code, signal, stderr_tail } = one?.end ?? {};
  return JSON.stringify([cause, exit_code, signal, stderr_tail?.[0]]).replaceAll(/\d{3,}/g, "#");
}

/** Returns the command of the shard's fit, with output below /tmp so that it changes nothing. */
function byHand(manifest: FarmManifest, plan: Plan): string[] {
  const paths = {
    nextstat: manifest.nextstat_bin,
    config: manifest.config,
    out: join("/tmp", outName(plan.shard_index)),
    metrics: join("/tmp", metricsName(plan.shard_index)),
    root: manifest.run_dir,
  };
  return workloadOf(manifest).command(manifest, plan, paths, Math.max(1, manifest.threads));
}
