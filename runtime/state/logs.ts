import { join } from "node:path";
import type { FailedShard } from "../../core/advice.ts";
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
import { readJobLogs } from "./job_logs.ts";

/** Logs and attempts of a shard. */
export interface ShardLogs {
  shard: number;
  attempts: { attempt: number; host: string; started_at_utc: string; end: ShardRecord | null }[];
  record: ShardRecord | null;
  /** The last 64 kB of each nonempty log, and of each that a job was given; `text` null: does not exist. */
  logs: { name: string; text: string | null }[];
}

/**
 * Returns the logs and attempts of a shard.
 * @param explaining keeps only events that may explain why it is not done
 */
export function readLogs(run: Run<FarmManifest>, plan: Plan, adapter: Backend, explaining = false): ShardLogs {
  const { dir } = run;
  const shard = plan.shard_index;
  const numbers = listAttempts(dir).get(shard) ?? [];
  const attempts = readAttempts(dir, shard, numbers).map((one) => ({
    attempt: one.attempt,
    host: attemptHost(one),
    started_at_utc: one.started_at_utc,
    end: one.end,
  }));
  const committed = readCommitted(join(dir, metricsName(shard)));
  const going = numbers.flatMap((number) => {
    const files = fitFiles("", shard, number);
    return [files.stdout, files.stderr];
  });
  const own = [stdoutName(shard), stderrName(shard), ...going];
  const read = (name: string) => ({ name, text: exists(join(dir, name)) ? readTail(join(dir, name)) : null });
  return {
    shard,
    attempts,
    record: committed instanceof Unreadable ? null : committed.farm,
    // An empty or absent job log is information too: the job was killed at once, or never started.
    logs: [...own.map(read).filter((log) => log.text), ...readJobLogs(dir, adapter, shard, explaining)],
  };
}

/** Returns the shards that are not done, with their logs. */
export function failedShardsOf(run: Run<FarmManifest>, adapter: Backend, shards: StatusShard[]): FailedShard[] {
  return shards.filter(({ state }) => state !== "done").flatMap((shard) => {
    const plan = run.manifest.plans[shard.shard];
    return plan ? [{ ...shard, ...tracesOf(run, adapter, plan) }] : [];
  });
}

function tracesOf(run: Run<FarmManifest>, adapter: Backend, plan: FarmManifest["plans"][number]) {
  const { attempts, logs } = readLogs(run, plan, adapter, true);
  const { last, times } = lastEnd(attempts);
  const [log] = logs;
  const line = last?.end?.stderr_tail[0] ?? log?.text?.split("\n").find((one) => one.trim() !== "");
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
function byHand(manifest: FarmManifest, plan: FarmManifest["plans"][number]): string[] {
  const paths = {
    nextstat: manifest.nextstat_bin,
    config: manifest.config,
    out: join("/tmp", outName(plan.shard_index)),
    metrics: join("/tmp", metricsName(plan.shard_index)),
  };
  return workloadOf(manifest).command(manifest, plan, paths, Math.max(1, manifest.threads));
}
