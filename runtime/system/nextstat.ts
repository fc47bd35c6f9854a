import { delimiter, dirname, join, resolve } from "node:path";
import { FarmError, orElse } from "../../core/errors.ts";
import { ONE_BLAS_THREAD } from "../../core/record.ts";
import type { CommandResult } from "../../schedulers/adapter.ts";
import { hashFile } from "../fs/hash_file.ts";
import { runProgram } from "./process.ts";

interface Nextstat {
  path: string;
  version: string;
  sha256: string;
  bytes: number;
  mtime_ms: number | null;
  ctime_ms: number | null;
}

/** Returns the version of a nextstat. @throws {FarmError} input, when it is missing, not executable, or no nextstat */
export async function nextstatVersion(path: string): Promise<string> {
  const result = await runProgram({ argv: [path, "--version"], timeout_s: 30 });
  const next = "Give the path of nextstat with --nextstat-bin";
  if (result.spawn_error !== null) {
    throw new FarmError("input", `Cannot run nextstat "${path}": ${result.spawn_error}`, next);
  }
  const version = /^nextstat\s+(\S+)/m.exec(result.stdout)?.[1];
  if (result.exit_code !== 0 || version === undefined) {
    const printed = (result.stderr || result.stdout).trim().split("\n")[0] ?? "";
    throw new FarmError(
      "input",
      `"${path} --version" did not answer like nextstat (exit ${result.exit_code}): ${printed}`,
      next,
    );
  }
  return version;
}

export async function probeNextstat(path: string): Promise<Nextstat> {
  const version = await nextstatVersion(path);
  const { mtime, ctime } = Deno.statSync(path);
  return { path, version, ...hashFile(path), mtime_ms: mtime?.getTime() ?? null, ctime_ms: ctime?.getTime() ?? null };
}

/**
 * Returns the absolute path of the nextstat to use: the one given, else the one beside this program, else the first on
 * PATH. The working directory is never searched.
 */
export function findNextstat(given: string | undefined): string {
  if (given !== undefined) return resolve(given);
  const beside = join(dirname(Deno.realPathSync(Deno.execPath())), "nextstat");
  const found = isExecutable(beside) ? beside : programOnPath("nextstat");
  if (found !== undefined) return found;
  throw new FarmError(
    "usage",
    "Cannot find nextstat: it is neither beside nsfarm-deno nor on PATH",
    "Install it (pip install nextstat-cli), or give its path with --nextstat-bin",
  );
}

/** Returns the first executable file of a name on PATH; undefined: there is none. The working directory is not searched. */
export function programOnPath(name: string): string | undefined {
  const path = (Deno.env.get("PATH") ?? "").split(delimiter).filter((folder) => folder.startsWith("/"));
  return path.map((folder) => join(folder, name)).find(isExecutable);
}

/** Returns whether a path is an executable file; false where that cannot be seen. */
export const isExecutable = (path: string): boolean =>
  orElse(false, () => {
    const { isFile, mode } = Deno.statSync(path);
    return isFile && mode !== null && (mode & 0o111) !== 0;
  });

/** Longest time of a fit before a run, in seconds. */
const FIT_TIMEOUT_S = 600;

/**
 * Runs nextstat before a run, on one thread of each library. @param argv its path and arguments
 * @param cwd folder from which the files of its spec are named
 * @param times file for the CPU times of its process, which readCpuSeconds reads; absent: they are not kept
 */
export function runNextstat(
  argv: readonly string[],
  { cwd, times = "/dev/null", timeout_s = FIT_TIMEOUT_S }: { cwd: string; times?: string; timeout_s?: number },
): Promise<CommandResult> {
  const env = Object.entries(ONE_BLAS_THREAD).map(([name, value]) => `${name}=${value}`);
  // Through sh: env(1) would take a path with "=" for a variable.
  const words = ["env", ...env, "sh", "-c", '"$@"; code=$?; LC_ALL=C; times >"$0"; exit "$code"', times, ...argv];
  return runProgram({ argv: words, cwd, timeout_s });
}

/**
 * Reads the CPU time of a shell's programs from the second line of its `times` (POSIX.1-2017, times): `0m1.20s 0m0.04s`.
 * @returns seconds; null: unknown
 */
export const readCpuSeconds = (path: string): number | null =>
  orElse(null, () => {
    const found = [...(Deno.readTextFileSync(path).split("\n")[1] ?? "").matchAll(/(\d+)m([\d.]+)s/g)];
    return found.length === 2 ? found.reduce((sum, [, min, s]) => sum + 60 * Number(min) + Number(s), 0) : null;
  });
