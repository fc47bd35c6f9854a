import { join } from "node:path";
import type { FarmManifest } from "../../core/contracts/manifest.ts";
import type { StatusShard } from "../../core/describe_status.ts";
import type { Symptom } from "../../core/diagnose.ts";
import { fitCommand } from "../../core/fit_command.ts";
import { printable } from "../../core/find_cause.ts";
import { attemptName, ATTEMPTS, metricsName, outName } from "../../core/run_paths.ts";
import type { Backend } from "../../schedulers/adapter.ts";
import type { Run } from "../run/load_manifest.ts";
import { readLogs, type ShardLogs } from "./read_logs.ts";

/** What the shards that are not done left behind. */
export function symptomsOf(run: Run<FarmManifest>, adapter: Backend, shards: StatusShard[]): Symptom[] {
  return shards.filter(({ state }) => state !== "done").flatMap((shard) => {
    const plan = run.manifest.plans[shard.shard];
    return plan ? [{ ...shard, ...tracesOf(run, adapter, plan) }] : [];
  });
}

function tracesOf(run: Run<FarmManifest>, adapter: Backend, plan: FarmManifest["plans"][number]) {
  const { attempts, logs } = readLogs(run, plan, adapter, true);
  const ends = attempts.filter((one) => one.end !== null);
  const last = ends.at(-1);
  const [log] = logs;
  const line = last?.end?.stderr_tail[0] ?? log?.text?.split("\n").find((one) => one.trim() !== "");
  const other = ends.findLastIndex((one) => howOf(one) !== howOf(last));
  const attempt = last && join(run.dir, ATTEMPTS, attemptName(plan.shard_index, last.attempt));
  return {
    cause: last?.end?.cause ?? null,
    said: line === undefined ? null : printable(line.trim()),
    log: log ? join(run.dir, log.name) : attempt ?? null,
    times: ends.length - 1 - other,
    by_hand: byHand(run.manifest, plan),
  };
}

/** How an attempt ended, but for numbers that differ from one to the next. */
function howOf(one: ShardLogs["attempts"][number] | undefined): string {
  const { cause, exit_code, signal, stderr_tail } = one?.end ?? {};
  return JSON.stringify([cause, exit_code, signal, stderr_tail?.[0]]).replaceAll(/\d{3,}/g, "#");
}

/** The shard's fit, which writes below /tmp and so harms nothing. */
function byHand(manifest: FarmManifest, plan: FarmManifest["plans"][number]): string[] {
  const paths = {
    nextstat: manifest.nextstat_bin,
    config: manifest.config,
    out: join("/tmp", outName(plan.shard_index)),
    metrics: join("/tmp", metricsName(plan.shard_index)),
  };
  return fitCommand(manifest, plan, paths, Math.max(1, manifest.threads));
}
