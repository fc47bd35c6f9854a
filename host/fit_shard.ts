import { randomBytes } from "node:crypto";
import { dirname, join } from "node:path";
import { Attempt, ATTEMPT_SCHEMA } from "../core/contracts/attempt.ts";
import type { Plan } from "../core/contracts/manifest.ts";
import { Metrics, type ShardRecord } from "../core/contracts/shard_record.ts";
import { errorText } from "../core/errors.ts";
import { causeOfEnd, type FitEnd, tailLines } from "../core/find_cause.ts";
import { fitCommand } from "../core/fit_command.ts";
import { ONE_BLAS_THREAD } from "../core/recorded_environment.ts";
import { INCOMING, stderrName, stdoutName } from "../core/run_paths.ts";
import { beginAttempt, type OpenAttempt, removeAttempt, updateAttempt } from "./attempts.ts";
import { commitShard, type Committed } from "./commit_shard.ts";
import { type FitFiles, fitFiles } from "./fit_files.ts";
import { countOomKills, loadAverage } from "./machine.ts";
import { readDocument, Unreadable } from "./read_file.ts";
import { type CheckedOutput, readOutput, readShard } from "./read_shard.ts";
import { readTail } from "./read_tail.ts";
import { type Measured, NOT_MEASURED, shardRecord } from "./shard_record.ts";
import { type StartedFit, startFit } from "./start_fit.ts";
import type { Workbench } from "./workbench.ts";
import { makeFolder, removeQuietly, writeFault } from "./write_file.ts";

export interface FitOrder {
  plan: Plan;
  /** The number of this attempt: one more than the last. */
  attempt: number;
  slot: string | null;
  threads: number;
  /** The fit is stopped after this many seconds; null: never. */
  time_limit_s: number | null;
  /** Its reason is "time" or "terminated". */
  stop: AbortSignal;
}

export type ShardEnd =
  | { kind: "done"; committed: Committed; record: ShardRecord }
  | { kind: "failed"; record: ShardRecord }
  /** Another process has this attempt, or has committed the shard meanwhile. */
  | { kind: "taken" };

/** Seconds between the polite and the final signal to a fit. */
const GRACE_S = 5;

/**
 * One attempt at one shard, from its attempt file to its commit. Every end is written into the attempt file, but for
 * the death of this process; a failed attempt touches none of the final names.
 */
export async function fitShard(bench: Workbench, order: FitOrder): Promise<ShardEnd> {
  const { dir, manifest } = bench.run;
  makeFolder(join(dir, INCOMING));
  const open = beginAttempt(dir, newAttempt(bench, order));
  if (!open) return { kind: "taken" };
  if (readShard(dir, manifest, order.plan).kind === "done") {
    removeAttempt(open);
    return { kind: "taken" };
  }
  const files = fitFiles(dir, order.plan.shard_index, order.attempt);
  const ended = await runFit(bench, order, open, files);
  const end = finish(bench, order, open, files, ended);
  keepLogs(dir, order.plan.shard_index, files);
  return end;
}

function newAttempt(bench: Workbench, order: FitOrder): Attempt {
  const { run: { manifest }, machine, ids } = bench;
  return {
    schema_version: ATTEMPT_SCHEMA,
    run_id: manifest.run_id,
    run_token: manifest.farm.run_token,
    attempt_token: randomBytes(8).toString("hex"),
    shard_index: order.plan.shard_index,
    attempt: order.attempt,
    wrapper: machine.process,
    fit: null,
    ...ids,
    slot: order.slot,
    started_at_utc: new Date().toISOString(),
    end: null,
  };
}

interface Ended {
  end: FitEnd;
  measured: Omit<Measured, "cause">;
}

async function runFit(bench: Workbench, order: FitOrder, open: OpenAttempt, files: FitFiles): Promise<Ended> {
  const started = performance.now();
  const measured: Omit<Measured, "cause"> = {
    ...NOT_MEASURED,
    started_at_utc: open.attempt.started_at_utc,
    finished_at_utc: open.attempt.started_at_utc,
    clock_offset_s: open.clock_offset_s,
    load_average_start: loadAverage(),
    threads: order.threads,
  };
  const end: FitEnd = {
    exit_code: null,
    signal: null,
    stderr: "",
    spawn_error: bench.fault,
    stopped: null,
    oom_kills: null,
  };
  if (bench.fault === null) await runToEnd(bench, order, open, files, end, measured);
  measured.wall_s = Math.round(performance.now() - started) / 1000;
  measured.finished_at_utc = new Date().toISOString();
  measured.load_average_end = loadAverage();
  Object.assign(measured, { exit_code: end.exit_code, signal: end.signal });
  end.stderr = readTail(files.stderr);
  measured.stderr_tail = tailLines(end.spawn_error ?? end.stderr);
  return { end, measured };
}

async function runToEnd(
  bench: Workbench,
  order: FitOrder,
  open: OpenAttempt,
  files: FitFiles,
  end: FitEnd,
  measured: Omit<Measured, "cause">,
): Promise<void> {
  let fit: StartedFit;
  try {
    fit = await startFit(argvOf(bench, order, files), files, {
      cwd: dirname(bench.run.manifest.config),
      env: { ...ONE_BLAS_THREAD, ...Deno.env.toObject() },
    });
  } catch (error) {
    end.spawn_error = errorText(error);
    return;
  }
  noteFit(bench, open, fit.pid, bench.meter.watch(fit.pid));
  const unwatch = watchStop(order, fit, (why) => end.stopped ??= why);
  const oom_before = countOomKills(bench.machine);
  Object.assign(end, await fit.ended);
  unwatch();
  Object.assign(measured, await bench.meter.end(fit.pid));
  if (end.exit_code !== 0) end.oom_kills = difference(await countOomKills(bench.machine), await oom_before);
}

function argvOf(bench: Workbench, order: FitOrder, files: FitFiles): string[] {
  const { manifest } = bench.run;
  const paths = { nextstat: manifest.nextstat_bin, config: manifest.config, out: files.out, metrics: files.metrics };
  return fitCommand(manifest, order.plan, paths, order.threads);
}

function difference(after: number | null, before: number | null): number | null {
  return after === null || before === null ? null : after - before;
}

/** The attempt file names the fit itself too, so that it can be found should this process die. */
async function noteFit(bench: Workbench, open: OpenAttempt, pid: number, started: Promise<string | undefined>) {
  const start_ticks = await started;
  if (start_ticks === undefined || open.attempt.end !== null) return;
  try {
    updateAttempt(open, { fit: { ...bench.machine.process, pid, start_ticks } });
  } catch {
    // the attempt may have ended and been committed in the meantime; the fit is also known by its arguments
  }
}

function watchStop(order: FitOrder, fit: StartedFit, stopped: (why: "time" | "terminated") => void): () => void {
  const stop = (why: "time" | "terminated") => {
    stopped(why);
    fit.stop(GRACE_S);
  };
  const onStop = () => stop(order.stop.reason === "time" ? "time" : "terminated");
  const timer = order.time_limit_s === null ? undefined : setTimeout(() => stop("time"), order.time_limit_s * 1000);
  if (order.stop.aborted) onStop();
  order.stop.addEventListener("abort", onStop);
  return () => {
    clearTimeout(timer);
    order.stop.removeEventListener("abort", onStop);
  };
}

function finish(
  bench: Workbench,
  order: FitOrder,
  open: OpenAttempt,
  files: FitFiles,
  { end, measured }: Ended,
): ShardEnd {
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
  const unfit = /holds|starts at|is of|has run seed|was generated|says/.test(fault.message);
  return {
    cause: unfit ? "toys" : "output",
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

/** Logs of the last attempt are kept under the shard's name where there is something in them. */
export function keepLogs(dir: string, shard: number, files: FitFiles): void {
  for (const [from, to] of [[files.stdout, stdoutName(shard)], [files.stderr, stderrName(shard)]] as const) {
    try {
      if (Deno.lstatSync(from).size === 0) Deno.removeSync(from);
      else Deno.renameSync(from, join(dir, to));
    } catch {
      // a log that cannot be kept must not turn a shard into a failure
    }
  }
}
