import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { constants } from "node:os";
import type { FitFiles } from "./fit_files.ts";
import { killGroup } from "../machine/run_program.ts";

export interface FitExit {
  exit_code: number | null;
  signal: string | null;
}

export interface StartedFit {
  pid: number;
  ended: Promise<FitExit>;
  /** Asks the fit and all its children to stop, and makes them after `grace_s`. */
  stop(grace_s: number): void;
}

/**
 * Starts a fit in a process group of its own, its output straight into files: a fit outlives the death of its driver
 * and is found again.
 * @throws when it cannot be started
 */
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

/**
 * A death by signal n is told as exit code 128 + n: by shells and containers that start nextstat, and by Deno's
 * node:child_process itself (2.4.2).
 */
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
