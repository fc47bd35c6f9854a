import { canHaveResult, isGuardrailEnd } from "../../core/check_result.ts";
import { errorText } from "../../core/errors.ts";
import { causeOfEnd, type FitEnd, tailLines } from "../../core/failure.ts";
import { fileFault, isPassing } from "../../core/file_fault.ts";
import { NO_METRICS } from "../../core/record.ts";
import type { Cause } from "../../core/schema/enums.ts";
import type { FarmManifest, Plan } from "../../core/schema/manifest.ts";
import type { Metrics, ShardRecord } from "../../core/schema/shard_record.ts";
import { workloadOf } from "../../core/workload/registry.ts";
import { readTail, Unreadable } from "../fs/read.ts";
import { isOnFullDisk, removeQuietly } from "../fs/write.ts";
import { type OpenAttempt, removeAttempt, updateAttempt } from "./attempts.ts";
import { commitShard, type Committed, OutputGone } from "./commit.ts";
import { type FitFiles, type JobContext, keepLogs } from "./context.ts";
import { readFitMetrics, readFitOutput } from "./from_starts.ts";
import type { CheckedOutput } from "./read.ts";
import { type Ended, shardRecord } from "./record.ts";
import { type EndedFit, type FitOrder, type RunningShard, startShard } from "./start.ts";

/** Whole and checked files of a fit. */
interface FitResult {
  output: CheckedOutput;
  metrics: Metrics;
}

/** Reason why a fit has no result. */
export interface NoResult {
  cause: Cause;
  /** The fault of its files; null where its end alone explains it. */
  fault: string | null;
}

/**
 * Returns the result of an ended fit, or why there is none. Where a guardrail fails on the shard's own toys nextstat
 * ends with an error, and its whole output still is a result.
 * @param cause by the fit's end alone; ok where only its files can show more
 */
export function resultOf(
  cause: Cause,
  exit_code: number | null,
  files: Pick<FitFiles, "out" | "metrics">,
  manifest: FarmManifest,
  plan: Plan,
): FitResult | NoResult {
  if (!canHaveResult(cause, exit_code)) return { cause, fault: null };
  const left = readLeft(files, manifest, plan);
  if (cause === "ok") return left;
  const isResult = "output" in left &&
    isGuardrailEnd(cause, exit_code, workloadOf(manifest).failedGuardrail(left.output.output), left.metrics);
  return isResult ? left : { cause, fault: null };
}

function readLeft(files: Pick<FitFiles, "out" | "metrics">, manifest: FarmManifest, plan: Plan): FitResult | NoResult {
  const output = readFitOutput(files.out, manifest, plan);
  if (output instanceof Unreadable) {
    return { cause: output.other_toys ? "toys" : "output", fault: `The fit's output ${errorText(output)}` };
  }
  try {
    return { output, metrics: workloadOf(manifest).has_metrics ? readFitMetrics(files.metrics, manifest) : NO_METRICS };
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    return { cause: "output", fault: `The fit's metrics file ${errorText(error)}` };
  }
}

export type ShardEnd =
  | { kind: "done"; committed: Committed; record: ShardRecord }
  | { kind: "failed"; record: ShardRecord }
  /** Another process has this attempt, or has committed the shard meanwhile. */
  | { kind: "taken" };

/** Runs one attempt of a shard, from its attempt file to its commit. */
export async function fitShard(context: JobContext, order: FitOrder): Promise<ShardEnd> {
  const running = await startShard(context, order);
  return running ? await finishShard(context, running) : { kind: "taken" };
}

/**
 * Checks the files of an ended fit and commits them. Every end is written into the attempt file, except the death of
 * this process; a failed attempt touches neither final name.
 */
export async function finishShard(context: JobContext, running: RunningShard): Promise<ShardEnd> {
  const end = await judge(context, running, await running.ended);
  keepLogs(context.run.dir, running.order.plan.shard_index, running.files);
  return end;
}

async function judge(
  context: JobContext,
  { order, open, files, refused }: RunningShard,
  { end, measured: times, usage }: EndedFit,
): Promise<ShardEnd> {
  const { exit_code, signal, stderr, spawn_error } = end;
  const cause = refused ? "version" : causeOfEnd(end);
  const result = resultOf(cause, exit_code, files, context.run.manifest, order.plan);
  const measured = { ...times, ...await usage, exit_code, signal, stderr_tail: tailLines(spawn_error ?? stderr) };
  const failed = (why: Partial<ShardRecord> & Pick<ShardRecord, "cause">) =>
    fail(context, order, open, files, { ...measured, ...why });
  if ("cause" in result) return failed(whyFailed(result, end, files));
  try {
    return commit(context, order, open, files, result, { ...measured, cause: "ok" });
  } catch (error) {
    if (error instanceof OutputGone) return failed({ cause: "output", stderr_tail: [errorText(error)] });
    const fault = fileFault(error);
    if (fault === undefined || isPassing(fault)) throw error;
    return failed({ cause: "disk", stderr_tail: [errorText(error)] });
  }
}

function whyFailed({ cause, fault }: NoResult, { stderr }: FitEnd, files: FitFiles) {
  const mayBeDisk = fault !== null || (cause === "exit" && stderr === "");
  if (mayBeDisk && isOnFullDisk(files.stderr)) return DISK_FULL;
  return fault === null ? { cause } : { cause, stderr_tail: [fault, ...tailLines(readTail(files.stderr))] };
}

/** End of an attempt on a full disk: a stderr on the same disk cannot hold the message of the fit. */
const DISK_FULL: Pick<ShardRecord, "cause" | "stderr_tail"> = {
  cause: "disk",
  stderr_tail: ["No space left on device, not even for stderr"],
};

function commit(
  context: JobContext,
  order: FitOrder,
  open: OpenAttempt,
  files: FitFiles,
  left: FitResult,
  ended: Ended,
): ShardEnd {
  const { dir, manifest } = context.run;
  const record = shardRecord(context, order.plan, open.attempt, ended);
  const committed = commitShard(dir, manifest, order.plan, { out_path: files.out, ...left, record });
  removeQuietly(files.metrics);
  removeAttempt(open);
  return { kind: "done", committed, record };
}

function fail(context: JobContext, order: FitOrder, open: OpenAttempt, files: FitFiles, ended: Ended): ShardEnd {
  removeQuietly(files.out);
  removeQuietly(files.metrics);
  const record = shardRecord(context, order.plan, open.attempt, ended);
  updateAttempt(open, { end: record });
  return { kind: "failed", record };
}
