import { Metrics, type ShardRecord } from "../../core/contracts/shard_record.ts";
import { errorText } from "../../core/errors.ts";
import { causeOfEnd, tailLines } from "../../core/find_cause.ts";
import { type OpenAttempt, removeAttempt, updateAttempt } from "./attempts.ts";
import { commitShard, type Committed } from "./commit_shard.ts";
import { type FitFiles, keepLogs } from "./fit_files.ts";
import { readDocument, Unreadable } from "../disk/read_file.ts";
import { type CheckedOutput, readOutput } from "./read_shard.ts";
import { readTail } from "../disk/read_tail.ts";
import { type Measured, shardRecord } from "./shard_record.ts";
import { type EndedFit, type FitOrder, type RunningShard, startShard } from "./start_shard.ts";
import type { Workbench } from "./workbench.ts";
import { isDiskFull, removeQuietly, writeFault } from "../disk/write_file.ts";

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
  const failed = (why: Partial<Measured>) => fail(bench, order, open, files, { ...measured, cause, ...why });
  if (cause === "exit" && end.stderr === "" && isDiskFull(files.stderr)) return failed(DISK_FULL);
  if (cause !== "ok") return failed({});
  const output = readOutput(files.out, bench.run.manifest, order.plan);
  const metrics = output instanceof Unreadable ? output : readMetrics(files.metrics);
  if (output instanceof Unreadable || metrics instanceof Unreadable) {
    return failed(isDiskFull(files.stderr) ? DISK_FULL : badOutput(output, metrics, files));
  }
  try {
    return commit(bench, order, open, files, { output, metrics }, { ...measured, cause });
  } catch (error) {
    const fault = writeFault(error);
    if (fault === undefined) throw error;
    return failed({ cause: "disk", stderr_tail: [errorText(error)] });
  }
}

/** What a fit says of a full disk is lost where its stderr lies on the same disk. */
const DISK_FULL: Partial<Measured> = { cause: "disk", stderr_tail: ["No space left on device, not even for stderr"] };

function readMetrics(path: string): Metrics | Unreadable {
  try {
    return readDocument(path, Metrics);
  } catch (error) {
    if (error instanceof Unreadable) return error;
    throw error;
  }
}

function badOutput(output: unknown, metrics: unknown, files: FitFiles): Pick<Measured, "cause" | "stderr_tail"> {
  const [what, fault] = output instanceof Unreadable ? ["output", output] : ["metrics file", metrics];
  return {
    cause: output instanceof Unreadable && output.other_toys ? "toys" : "output",
    stderr_tail: [`The fit's ${what} ${errorText(fault)}`, ...tailLines(readTail(files.stderr))],
  };
}

function commit(
  bench: Workbench,
  order: FitOrder,
  open: OpenAttempt,
  files: FitFiles,
  left: { output: CheckedOutput; metrics: Metrics },
  measured: Measured,
): ShardEnd {
  const { dir, manifest } = bench.run;
  const record = shardRecord(bench, order.plan, open.attempt, measured);
  const committed = commitShard(dir, manifest, order.plan, { out_path: files.out, ...left, record });
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
