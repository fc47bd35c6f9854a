import type { ShardRecord } from "../../core/contracts/shard_record.ts";
import { errorText } from "../../core/errors.ts";
import { fileFault, isPassing } from "../../core/file_fault.ts";
import { causeOfEnd, type FitEnd, tailLines } from "../../core/find_cause.ts";
import { type OpenAttempt, removeAttempt, updateAttempt } from "./attempts.ts";
import { commitShard, type Committed } from "./commit_shard.ts";
import { type FitFiles, keepLogs } from "./fit_files.ts";
import { type FitResult, type NoResult, resultOf } from "./read_result.ts";
import { readTail } from "../disk/read_tail.ts";
import { type Ended, shardRecord } from "./shard_record.ts";
import { type EndedFit, type FitOrder, type RunningShard, startShard } from "./start_shard.ts";
import type { Workbench } from "./workbench.ts";
import { isOnFullDisk, removeQuietly } from "../disk/write_file.ts";

export type ShardEnd =
  | { kind: "done"; committed: Committed; record: ShardRecord }
  | { kind: "failed"; record: ShardRecord }
  /** Another process has this attempt, or has committed the shard meanwhile. */
  | { kind: "taken" };

/** One attempt at one shard, from its attempt file to its commit. */
export async function fitShard(bench: Workbench, order: FitOrder): Promise<ShardEnd> {
  const running = await startShard(bench, order);
  return running ? await finishShard(bench, running) : { kind: "taken" };
}

/**
 * Checks what a fit left and commits it. Every end is written into the attempt file, but for the death of this
 * process; a failed attempt touches none of the final names.
 */
export async function finishShard(bench: Workbench, running: RunningShard): Promise<ShardEnd> {
  const ended = await running.ended;
  const end = judge(bench, running, ended);
  keepLogs(bench.run.dir, running.order.plan.shard_index, running.files);
  return end;
}

function judge(
  bench: Workbench,
  { order, open, files, refused }: RunningShard,
  { end, measured: used }: EndedFit,
): ShardEnd {
  const { exit_code, signal, stderr, spawn_error } = end;
  const measured = { ...used, exit_code, signal, stderr_tail: tailLines(spawn_error ?? stderr) };
  const cause = refused ? "version" : causeOfEnd(end);
  const failed = (why: Partial<ShardRecord> & Pick<ShardRecord, "cause">) =>
    fail(bench, order, open, files, { ...measured, ...why });
  const result = resultOf(cause, exit_code, files, bench.run.manifest, order.plan);
  if ("cause" in result) return failed(whyFailed(result, end, files));
  try {
    return commit(bench, order, open, files, result, { ...measured, cause: "ok" });
  } catch (error) {
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

/** What a fit says of a full disk is lost where its stderr lies on the same disk. */
const DISK_FULL: Pick<ShardRecord, "cause" | "stderr_tail"> = {
  cause: "disk",
  stderr_tail: ["No space left on device, not even for stderr"],
};

function commit(
  bench: Workbench,
  order: FitOrder,
  open: OpenAttempt,
  files: FitFiles,
  left: FitResult,
  ended: Ended,
): ShardEnd {
  const { dir, manifest } = bench.run;
  const record = shardRecord(bench, order.plan, open.attempt, ended);
  const committed = commitShard(dir, manifest, order.plan, { out_path: files.out, ...left, record });
  removeQuietly(files.metrics);
  removeAttempt(open);
  return { kind: "done", committed, record };
}

function fail(bench: Workbench, order: FitOrder, open: OpenAttempt, files: FitFiles, ended: Ended): ShardEnd {
  removeQuietly(files.out);
  removeQuietly(files.metrics);
  const record = shardRecord(bench, order.plan, open.attempt, ended);
  updateAttempt(open, { end: record });
  return { kind: "failed", record };
}
