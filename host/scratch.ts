import { dirname, join } from "node:path";
import { kill } from "node:process";
import { systemCode } from "../core/errors.ts";
import { listNames } from "./attempts.ts";

const PREFIX = "nsfarm-";

/**
 * A private folder (0700) for files that nobody else looks at: TMPDIR, else /dev/shm where /tmp takes nothing. Those
 * that killed processes of ours have left beside it are removed.
 */
export function makeScratch(): string {
  const scratch = makeFolder();
  dropLeftovers(dirname(scratch));
  return scratch;
}

function makeFolder(): string {
  const prefix = `${PREFIX}${Deno.pid}-`;
  try {
    return Deno.makeTempDirSync({ prefix });
  } catch (error) {
    try {
      return Deno.makeTempDirSync({ dir: "/dev/shm", prefix });
    } catch {
      throw error;
    }
  }
}

function dropLeftovers(folder: string): void {
  for (const name of listNames(folder)) {
    const pid = Number(/^nsfarm-([1-9][0-9]*)-/.exec(name)?.[1]);
    if (pid > 0 && isGone(pid)) removeQuietly(join(folder, name));
  }
}

function isGone(pid: number): boolean {
  try {
    kill(pid, 0);
    return false;
  } catch (error) {
    return systemCode(error) === "ESRCH";
  }
}

function removeQuietly(path: string): void {
  try {
    Deno.removeSync(path, { recursive: true });
  } catch {
    // another user's, or removed by another process in the meantime
  }
}
