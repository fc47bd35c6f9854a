import { delimiter, dirname, join, resolve } from "node:path";
import { FarmError, orElse } from "../../core/errors.ts";
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
