import { randomBytes } from "node:crypto";
import { dirname, join } from "node:path";
import { errorText, orElse } from "../../core/errors.ts";
import type { FitEnd } from "../../core/failure.ts";
import { newAttempt, ONE_BLAS_THREAD } from "../../core/record.ts";
import { INCOMING } from "../../core/run_paths.ts";
import type { Attempt } from "../../core/schema/attempt.ts";
import type { Plan } from "../../core/schema/manifest.ts";
import { workloadOf } from "../../core/workload/registry.ts";
import { readTail } from "../fs/read.ts";
import { makeFolder } from "../fs/write.ts";
import { countOomKills, endedAt, loadAverage, type Machine, startedAt, thisMoment } from "../system/machine.ts";
import { pauseFor } from "../system/process.ts";
import type { FitUsage } from "../system/usage.ts";
import { beginAttempt, type OpenAttempt, removeAttempt, updateAttempt } from "./attempts.ts";
import { type FitFiles, fitFiles, type JobContext, type StartedFit } from "./context.ts";
import { readShard } from "./read.ts";
import type { Measured } from "./record.ts";

/**
 * Writes the attempt file of a shard that is to run. Returns undefined when another process has this attempt, or has
 * committed the shard in the meantime.
 * @param own fields of this kind of attempt
 */
export function beginShard(
  { run: { dir, manifest }, machine, ids }: JobContext,
  order: { plan: Plan; attempt: number; slot: string | null },
  own: Pick<Attempt, "attempt_token"> & Partial<Pick<Attempt, "remote" | "nextstat_sha256">>,
): OpenAttempt | undefined {
  const attempt = newAttempt(manifest, order.plan, order.attempt, {
    wrapper: machine.process,
    ...(own.remote ? {} : hostOf(machine)),
    ...ids,
    slot: order.slot,
    started_at_utc: new Date().toISOString(),
    ...own,
  });
  const open = beginAttempt(dir, attempt);
  if (!open || readShard(dir, manifest, order.plan).kind !== "done") return open;
  removeAttempt(open);
  return undefined;
}

const hostOf = ({ host, machine_id }: Machine) => ({ host, ...(machine_id === undefined ? {} : { machine_id }) });

/** A request for one attempt of a shard. */
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

export interface EndedFit {
  end: FitEnd;
  measured: Measured;
  /** Its usage, which is still measured while its files are read; null where it was not started. */
  usage: Promise<FitUsage | null>;
}

/** An attempt whose fit runs. */
export interface RunningShard {
  order: FitOrder;
  open: OpenAttempt;
  files: FitFiles;
  /** Whether its fit was not started, since spec, inputs or nextstat are not those of the run. */
  refused: boolean;
  /** Resolves when the fit has ended. */
  gone: Promise<unknown>;
  ended: Promise<EndedFit>;
}

/** Seconds between the first and the final signal to a fit. */
export const GRACE_S = 5;

/** Starts an attempt and its fit; undefined: another process has this attempt, or has committed the shard. */
export async function startShard(context: JobContext, order: FitOrder): Promise<RunningShard | undefined> {
  const { dir } = context.run;
  makeFolder(join(dir, INCOMING));
  const { nextstat_sha256, fault } = await context.files.inspect();
  const open = beginShard(context, order, { attempt_token: randomBytes(8).toString("hex"), nextstat_sha256 });
  if (!open) return undefined;
  const files = fitFiles(dir, order.plan.shard_index, order.attempt);
  if (fault) return notStarted(order, open, files, { refused: true, why: `${fault.what}\n${fault.next}` });
  return await runFit(context, order, open, files);
}

async function runFit(context: JobContext, order: FitOrder, open: OpenAttempt, files: FitFiles): Promise<RunningShard> {
  const begun = thisMoment();
  const known = { ...startedAt(begun), clock_offset_s: open.clock_offset_s };
  const measured = { ...known, load_average_start: loadAverage(), threads: order.threads };
  const fit = await tryStart(context, order, files);
  if (typeof fit === "string") return notStarted(order, open, files, { refused: false, why: fit });
  noteFit(context, open, fit.pid, context.meter.watch(fit.pid));
  const stopped = watchStop(order, fit);
  const ended = fit.ended.then(async ({ exit_code, signal }) => {
    const took = endedAt(begun, thisMoment());
    const usage = context.meter.end(fit.pid);
    if (signal !== null) await letStopArrive();
    const stderr = readTail(files.stderr);
    const oom_kills = exit_code === 0 ? null : await newOomKills(context);
    return {
      end: { exit_code, signal, stderr, oom_kills, stopped: stopped() },
      measured: { ...measured, ...took, load_average_end: loadAverage() },
      usage,
    };
  });
  return { order, open, files, refused: false, gone: fit.ended, ended };
}

/** Returns an attempt that ends as it starts. */
function notStarted(
  order: FitOrder,
  open: OpenAttempt,
  files: FitFiles,
  { refused, why }: { refused: boolean; why: string },
): RunningShard {
  const known = { ...startedAt(thisMoment()), clock_offset_s: open.clock_offset_s };
  const end = { exit_code: null, signal: null, stderr: "", spawn_error: why };
  const measured = { ...known, threads: order.threads };
  const ended = Promise.resolve({ end, measured, usage: Promise.resolve(null) });
  return { order, open, files, refused, gone: Promise.resolve(), ended };
}

/** Starts the fit; returns the reason where that fails. */
async function tryStart(context: JobContext, order: FitOrder, files: FitFiles): Promise<StartedFit | string> {
  const { manifest, manifest_path } = context.run;
  const { out, metrics } = files;
  const paths = {
    nextstat: manifest.nextstat_bin,
    config: manifest.config,
    out,
    metrics,
    root: dirname(manifest_path),
  };
  try {
    const words = workloadOf(manifest).command(manifest, order.plan, paths, order.threads);
    return await context.startFit(words, files, {
      cwd: dirname(manifest.config),
      env: { ...ONE_BLAS_THREAD, ...Deno.env.toObject() },
    });
  } catch (error) {
    return errorText(error);
  }
}

/** Waits for this process's own signal: a signal to a whole job reaches the fit first, which then did not crash. */
const letStopArrive = () => pauseFor(100);

/** Returns the out-of-memory kills in this job since the last check. */
async function newOomKills(context: JobContext): Promise<number | null> {
  const previous = context.oom_kills;
  context.oom_kills = countOomKills(context.machine);
  const [before, now] = await Promise.all([previous, context.oom_kills]);
  return now === null || before === null ? null : now - before;
}

/** Records the fit in the attempt file, so that it can be found if this process dies. */
async function noteFit(context: JobContext, open: OpenAttempt, pid: number, started: Promise<string | undefined>) {
  const start_ticks = await started;
  if (start_ticks === undefined || open.attempt.end !== null) return;
  // The attempt may have ended and been committed; its arguments identify the fit too.
  orElse(undefined, () => updateAttempt(open, { fit: { ...context.machine.process, pid, start_ticks } }));
}

/** Stops the fit at a signal or at its time limit. Returns a function that gives the reason, or null. */
function watchStop(order: FitOrder, fit: StartedFit): () => "time" | "terminated" | null {
  let why: "time" | "terminated" | null = null;
  const stop = (reason: "time" | "terminated") => {
    why ??= reason;
    fit.stop(GRACE_S);
  };
  const onStop = () => stop(order.stop.reason === "time" ? "time" : "terminated");
  const timer = order.time_limit_s === null ? undefined : setTimeout(() => stop("time"), order.time_limit_s * 1000);
  if (order.stop.aborted) onStop();
  else order.stop.addEventListener("abort", onStop, { once: true });
  return () => {
    clearTimeout(timer);
    order.stop.removeEventListener("abort", onStop);
    return why;
  };
}
