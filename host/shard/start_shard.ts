import { pauseFor } from "../machine/pause_for.ts";
import { beginShard } from "./begin_shard.ts";
import { randomBytes } from "node:crypto";
import { dirname, join } from "node:path";
import type { Plan } from "../../core/contracts/manifest.ts";
import { errorText } from "../../core/errors.ts";
import type { FitEnd } from "../../core/find_cause.ts";
import { fitCommand } from "../../core/fit_command.ts";
import { ONE_BLAS_THREAD } from "../../core/recorded_environment.ts";
import { INCOMING } from "../../core/run_paths.ts";
import { type OpenAttempt, updateAttempt } from "./attempts.ts";
import { type FitFiles, fitFiles } from "./fit_files.ts";
import { endedAt, startedAt, thisMoment } from "../machine/boot_clock.ts";
import { countOomKills, loadAverage } from "../machine/machine.ts";
import { readTail } from "../disk/read_tail.ts";
import type { Measured } from "./shard_record.ts";
import type { StartedFit } from "./start_fit.ts";
import type { Workbench } from "./workbench.ts";
import { makeFolder } from "../disk/write_file.ts";

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
}

/** An attempt whose fit goes on. */
export interface RunningShard {
  order: FitOrder;
  open: OpenAttempt;
  files: FitFiles;
  /** Whether its fit was not started, since spec, inputs or nextstat are not those of the run. */
  refused: boolean;
  /** Resolves at the moment that the fit has ended. */
  gone: Promise<unknown>;
  /** Resolves when what it used has been measured too. */
  ended: Promise<EndedFit>;
}

/** Seconds between the polite and the final signal to a fit. */
const GRACE_S = 5;

/**
 * Begins an attempt and starts its fit. Undefined when another process has this attempt, or has committed the shard
 * in the meantime.
 */
export async function startShard(bench: Workbench, order: FitOrder): Promise<RunningShard | undefined> {
  const { dir } = bench.run;
  makeFolder(join(dir, INCOMING));
  const { nextstat_sha256, fault } = await bench.files.look();
  const open = beginShard(bench, order, { attempt_token: randomBytes(8).toString("hex"), nextstat_sha256 });
  if (!open) return undefined;
  const files = fitFiles(dir, order.plan.shard_index, order.attempt);
  if (fault) return notStarted(order, open, files, { refused: true, why: `${fault.what}\n${fault.next}` });
  return await runFit(bench, order, open, files);
}

async function runFit(bench: Workbench, order: FitOrder, open: OpenAttempt, files: FitFiles): Promise<RunningShard> {
  const begun = thisMoment();
  const known = { ...startedAt(begun), clock_offset_s: open.clock_offset_s };
  const measured = { ...known, load_average_start: loadAverage(), threads: order.threads };
  const fit = await tryStart(bench, order, files);
  if (typeof fit === "string") return notStarted(order, open, files, { refused: false, why: fit });
  noteFit(bench, open, fit.pid, bench.meter.watch(fit.pid));
  const stopped = watchStop(order, fit);
  const ended = fit.ended.then(async ({ exit_code, signal }) => {
    const took = endedAt(begun, thisMoment());
    const usage = await bench.meter.end(fit.pid);
    if (signal !== null) await letStopArrive();
    const stderr = readTail(files.stderr);
    const oom_kills = exit_code === 0 ? null : await newOomKills(bench);
    return {
      end: { exit_code, signal, stderr, oom_kills, stopped: stopped() },
      measured: { ...measured, ...took, ...usage, load_average_end: loadAverage() },
    };
  });
  return { order, open, files, refused: false, gone: fit.ended, ended };
}

/** An attempt that ends as it begins. */
function notStarted(
  order: FitOrder,
  open: OpenAttempt,
  files: FitFiles,
  { refused, why }: { refused: boolean; why: string },
): RunningShard {
  const known = { ...startedAt(thisMoment()), clock_offset_s: open.clock_offset_s };
  const end = { exit_code: null, signal: null, stderr: "", spawn_error: why };
  const ended = Promise.resolve({ end, measured: { ...known, threads: order.threads } });
  return { order, open, files, refused, gone: Promise.resolve(), ended };
}

/** The fit, or why it cannot be started. */
async function tryStart(bench: Workbench, order: FitOrder, files: FitFiles): Promise<StartedFit | string> {
  const { manifest } = bench.run;
  const paths = { nextstat: manifest.nextstat_bin, config: manifest.config, out: files.out, metrics: files.metrics };
  try {
    return await bench.startFit(fitCommand(manifest, order.plan, paths, order.threads), files, {
      cwd: dirname(manifest.config),
      env: { ...ONE_BLAS_THREAD, ...Deno.env.toObject() },
    });
  } catch (error) {
    return errorText(error);
  }
}

/** A signal to a whole job reaches the fit a moment before this process: then it was no crash of the fit. */
const letStopArrive = () => pauseFor(100);

/** Out-of-memory kills in this job since the last look. */
async function newOomKills(bench: Workbench): Promise<number | null> {
  const looked = bench.oom_kills;
  bench.oom_kills = countOomKills(bench.machine);
  const [before, now] = await Promise.all([looked, bench.oom_kills]);
  return now === null || before === null ? null : now - before;
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

/** Stops the fit when it is told to or its time is up; the answer tells why, or null. */
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
