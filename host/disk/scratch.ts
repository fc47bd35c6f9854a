import { dirname, join } from "node:path";
import { kill } from "node:process";
import { systemCode } from "../../core/errors.ts";
import { listNames } from "../shard/attempts.ts";
import { exists, explainWrite } from "./write_file.ts";

/**
 * A private folder (0700) for files that nobody else looks at: in TMPDIR (else /tmp), where that takes nothing in
 * /var/tmp, else in `last_place` or the nearest folder above it that is there. Those that killed processes of ours have
 * left beside it are removed.
 * @throws {FarmError} input, when none of them takes it
 */
export function makeScratch(last_place: string): string {
  const scratch = makeIn(undefined) ?? makeIn("/var/tmp") ?? explainWrite(last_place, () => make(nearest(last_place)));
  dropLeftovers(dirname(scratch));
  return scratch;
}

function makeIn(dir: string | undefined): string | undefined {
  try {
    return make(dir);
  } catch {
    return undefined;
  }
}

function make(dir: string | undefined): string {
  const prefix = `nsfarm-${Deno.pid}-${Deno.hostname()}-`;
  return Deno.makeTempDirSync(dir === undefined ? { prefix } : { dir, prefix });
}

const nearest = (folder: string): string => exists(folder) ? folder : nearest(dirname(folder));

function dropLeftovers(folder: string): void {
  for (const name of listNames(folder)) {
    const [, pid, host] = /^nsfarm-([1-9][0-9]*)-(.+)-[^-]+$/.exec(name) ?? [];
    if (host === Deno.hostname() && isGone(Number(pid))) removeQuietly(join(folder, name));
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
