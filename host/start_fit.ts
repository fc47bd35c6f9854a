import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import type { FitFiles } from "./fit_files.ts";
import { killGroup } from "./run_program.ts";

export interface StartedFit {
  pid: number;
  ended: Promise<{ exit_code: number | null; signal: string | null }>;
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
    const ended = new Promise<{ exit_code: number | null; signal: string | null }>((resolve) => {
      child.on("exit", (exit_code, signal) => resolve({ exit_code, signal }));
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

function stopGroup(pid: number, ended: Promise<unknown>, grace_s: number): void {
  killGroup(pid, "SIGTERM");
  const timer = setTimeout(() => killGroup(pid, "SIGKILL"), grace_s * 1000);
  ended.then(() => clearTimeout(timer));
}
