import { Metrics, type ShardRecord } from "../core/contracts/shard_record.ts";
import { errorText } from "../core/errors.ts";
import { causeOfEnd, tailLines } from "../core/find_cause.ts";
import { type OpenAttempt, removeAttempt, updateAttempt } from "./attempts.ts";
import { commitShard, type Committed } from "./commit_shard.ts";
import { type FitFiles, keepLogs } from "./fit_files.ts";
import { readDocument, Unreadable } from "./read_file.ts";
import { type CheckedOutput, readOutput } from "./read_shard.ts";
import { readTail } from "./read_tail.ts";
import { type Measured, shardRecord } from "./shard_record.ts";
import { type EndedFit, type FitOrder, type RunningShard, startShard } from "./start_shard.ts";
import type { Workbench } from "./workbench.ts";
import { removeQuietly, writeFault } from "./write_file.ts";

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

function judge(bench: Workbench, { order, open, files }: RunningShard, { end, measured }: EndedFit): ShardEnd {
  const cause = bench.fault === null ? causeOfEnd(end) : "version";
  if (cause !== "ok") return fail(bench, order, open, files, { ...measured, cause });
  const output = readOutput(files.out, bench.run.manifest, order.plan);
  if (output instanceof Unreadable) {
    return fail(bench, order, open, files, { ...measured, ...badOutput(output, files) });
  }
  try {
    return commit(bench, order, open, files, output, { ...measured, cause });
  } catch (error) {
    const fault = writeFault(error);
    if (fault === undefined) throw error;
    return fail(bench, order, open, files, { ...measured, cause: "disk", stderr_tail: [errorText(error)] });
  }
}

function badOutput(fault: Unreadable, files: FitFiles): Pick<Measured, "cause" | "stderr_tail"> {
  return {
    cause: fault.other_toys ? "toys" : "output",
    stderr_tail: [`The fit's output ${fault.message}`, ...tailLines(readTail(files.stderr))],
  };
}

function commit(
  bench: Workbench,
  order: FitOrder,
  open: OpenAttempt,
  files: FitFiles,
  output: CheckedOutput,
  measured: Measured,
): ShardEnd {
  const { dir, manifest } = bench.run;
  const record = shardRecord(bench, order.plan, open.attempt, measured);
  const metrics = readDocument(files.metrics, Metrics);
  const committed = commitShard(dir, manifest, order.plan, { out_path: files.out, output, metrics, record });
  removeQuietly(files.metrics);
  removeAttempt(open);
  return { kind: "done", committed, record };
}

function fail(bench: Workbench, order: FitOrder, open: OpenAttempt, files: FitFiles, measured: Measured): ShardEnd {
  removeQuietly(files.out);
  removeQuietly(files.metrics);
  const record = shardRecord(bench, order.plan, open.attempt, measured);
  updateAttempt(open, { end: record });
  return { kind: "failed", record };
}
