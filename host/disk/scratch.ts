import { dirname, join } from "node:path";
import { kill } from "node:process";
import { systemCode } from "../../core/errors.ts";
import { namesInPassing } from "./list_names.ts";
import { exists, explainWrite, removeTree } from "./write_file.ts";

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
    return usable(make(dir));
  } catch {
    return undefined;
  }
}

/** In /dev/shm a folder can be made, but no file (see core/file_fault.ts, barred). */
function usable(folder: string): string {
  try {
    const probe = join(folder, "probe");
    Deno.openSync(probe, { write: true, createNew: true }).close();
    Deno.removeSync(probe);
    return folder;
  } catch (error) {
    removeTree(folder);
    throw error;
  }
}

function make(dir: string | undefined): string {
  const prefix = `nsfarm-${Deno.pid}-${Deno.hostname()}-`;
  return Deno.makeTempDirSync(dir === undefined ? { prefix } : { dir, prefix });
}

const nearest = (folder: string): string => exists(folder) ? folder : nearest(dirname(folder));

function dropLeftovers(folder: string): void {
  for (const name of namesInPassing(folder)) {
    const [, pid, host] = /^nsfarm-([1-9][0-9]*)-(.+)-[^-]+$/.exec(name) ?? [];
    if (host === Deno.hostname() && isGone(Number(pid))) removeTree(join(folder, name));
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
