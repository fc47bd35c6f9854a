import { join } from "node:path";
import { ATTEMPTS, CLAIMS, readTemporaryName } from "../core/run_paths.ts";
import { listNames } from "./attempts.ts";
import type { Machine } from "./machine.ts";
import { bootId, startTicks } from "./proc.ts";
import { removeQuietly } from "./write_file.ts";

/** Removes temporary files of processes of this machine that are dead; those of other machines stay. */
export async function sweepTemporary(dir: string, machine: Machine): Promise<void> {
  const files = ["", ATTEMPTS, CLAIMS].flatMap((folder) => temporaryIn(join(dir, folder)));
  for (const path of await ownerless(files, machine.process.boot_id)) removeQuietly(path);
}

/** Removes the folders of runs that were not finished, because the process that rendered them was killed. */
export async function sweepStaged(out_dir: string): Promise<void> {
  const folders = temporaryIn(out_dir);
  if (folders.length === 0) return;
  for (const path of await ownerless(folders, await bootId())) Deno.removeSync(path, { recursive: true });
}

interface Temporary {
  path: string;
  owner: { boot: string; pid: number; start_ticks: string };
}

function temporaryIn(folder: string): Temporary[] {
  return listNames(folder).flatMap((name) => {
    const owner = readTemporaryName(name);
    return owner ? [{ path: join(folder, name), owner }] : [];
  });
}

/** The paths of those whose process was one of this boot, and is dead. */
async function ownerless(files: Temporary[], boot_id: string): Promise<string[]> {
  const here = files.filter((file) => file.owner.boot === boot_id.slice(0, 8));
  const alive = await startTicks([...new Set(here.map((file) => file.owner.pid))]);
  return here.filter(({ owner }) => alive.get(owner.pid) !== owner.start_ticks).map((file) => file.path);
}
