import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { idsOfJob } from "../../core/in_job.ts";
import { attemptStem, INCOMING, stderrName, stdoutName } from "../../core/run_paths.ts";
import type { Attempt } from "../../core/schema/attempt.ts";
import type { FarmManifest } from "../../core/schema/manifest.ts";
import type { NativeState } from "../../schedulers/adapter.ts";
import { rename } from "../fs/write.ts";
import type { Run } from "../run/load_manifest.ts";
import { RenderedFiles } from "../run/rendered_files.ts";
import { HERE, jobViews } from "../system/allocation.ts";
import { inspectMachine, type Machine } from "../system/machine.ts";
import { killGroup } from "../system/process.ts";
import { UsageMeter } from "../system/usage.ts";

/** The files of one attempt's fit, before they are checked. */
export interface FitFiles {
  out: string;
  metrics: string;
  stdout: string;
  stderr: string;
}

/** Returns the files of an attempt in incoming/, whose names identify its fit among the machine's processes. */
export function fitFiles(dir: string, shard: number, attempt: number): FitFiles {
  return fitFilesOf(join(dir, INCOMING, attemptStem(shard, attempt)));
}

/** Returns the files of a fit whose names begin with `base`. */
export function fitFilesOf(base: string): FitFiles {
  return {
    out: `${base}.out.json`,
    metrics: `${base}.metrics.json`,
    stdout: `${base}.stdout`,
    stderr: `${base}.stderr`,
  };
}

/** Keeps the nonempty logs of the last attempt under the shard's name. */
export function keepLogs(dir: string, shard: number, files: FitFiles): void {
  for (const [from, to] of [[files.stdout, stdoutName(shard)], [files.stderr, stderrName(shard)]] as const) {
    try {
      if (Deno.lstatSync(from).size === 0) Deno.removeSync(from);
      else rename(from, join(dir, to));
    } catch {
      // a log that cannot be kept must not fail the shard
    }
  }
}

/** The end of a fit's process. */
export interface FitExit {
  exit_code: number | null;
  signal: string | null;
}

export interface StartedFit {
  pid: number;
  ended: Promise<FitExit>;
  /** Signals the fit and all its children to stop, and kills them after `grace_s`. */
  stop(grace_s: number): void;
}

/** Starts a fit in a process group of its own, which outlives its driver. @throws when it cannot be started */
export async function startFit(
  argv: string[],
  files: FitFiles,
  where: { cwd: string; env: Record<string, string> },
): Promise<StartedFit> {
  const [program = "", ...args] = argv;
  const out = openSync(files.stdout, "wx", 0o640);
  const err = openSync(files.stderr, "wx", 0o640);
  try {
    const child = spawn(program, args, { ...where, stdio: ["ignore", out, err], detached: true });
    const ended = new Promise<FitExit>((resolve) => {
      child.on("exit", (exit_code, signal) => resolve(readExit(exit_code, signal)));
    });
    await new Promise<void>((resolve, reject) => {
      child.on("error", reject);
      if (child.pid !== undefined) resolve();
    });
    const pid = child.pid ?? 0;
    return { pid, ended, stop: (grace_s) => stopGroup(pid, ended, grace_s) };
  } finally {
    closeSync(out);
    closeSync(err);
  }
}

/** Returns the signal n of exit code 128 + n, as shells, containers and Deno's node:child_process (2.4.2) report it. */
function readExit(exit_code: number | null, signal: string | null): FitExit {
  if (signal !== null || exit_code === null) return { exit_code: null, signal };
  const named = Object.entries(constants.signals).find(([, number]) => number === exit_code - 128);
  return named ? { exit_code: null, signal: named[0] } : { exit_code, signal: null };
}

function stopGroup(pid: number, ended: Promise<unknown>, grace_s: number): void {
  killGroup(pid, "SIGTERM");
  const timer = setTimeout(() => killGroup(pid, "SIGKILL"), grace_s * 1000);
  ended.then(() => clearTimeout(timer));
}

/** The scheduler's ids of the job in which a shard runs, if any. */
export type JobIds = Pick<Attempt, "scheduler" | "job_id" | "task_id" | "submission_token">;

/** Context of a process that runs any number of shards of a run. */
export interface JobContext {
  run: Run<FarmManifest>;
  machine: Machine;
  meter: UsageMeter;
  ids: JobIds;
  /** Starts a fit; replaced in tests. */
  startFit: typeof startFit;
  /** Out-of-memory kills that the kernel had counted for this job at the last check; null where it reports none. */
  oom_kills: Promise<number | null>;
  /** Spec, inputs and nextstat, checked before each attempt. */
  files: Pick<RenderedFiles, "inspect" | "require">;
}

/** Returns the context for running shards of a run in this process. */
export async function openJobContext(run: Run<FarmManifest>, ids: JobIds): Promise<JobContext> {
  const machine = await inspectMachine(run.manifest);
  const files = new RenderedFiles(run);
  return { run, machine, meter: new UsageMeter(), ids, startFit, oom_kills: Promise.resolve(machine.oom_kills), files };
}

/** A shard's state by its scheduler. */
export interface QueriedShard {
  native: NativeState | null;
  /** Seconds since the scheduler first did not know the shard, or called it done; null: it knows the shard. */
  absent_s: number | null;
}

/** Returns the scheduler's ids of this job by its environment; without a token, that of the job's script. */
export function jobIds(manifest: FarmManifest, submission_token: string | null): JobIds {
  const ids = idsOfJob(jobViews(manifest), HERE) ?? { scheduler: manifest.scheduler, job_id: null, task_id: null };
  return { ...ids, submission_token: submission_token ?? (HERE.env("NSFARM_TOKEN") || null) };
}
