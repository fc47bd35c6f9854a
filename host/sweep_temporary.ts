import { join } from "node:path";
import { ATTEMPTS, CLAIMS, readTemporaryName } from "../core/run_paths.ts";
import { listNames } from "./attempts.ts";
import type { Machine } from "./machine.ts";
import { startTicks } from "./proc.ts";
import { removeQuietly } from "./write_file.ts";

/** Removes temporary files of processes of this machine that are dead; those of other machines stay. */
export async function sweepTemporary(dir: string, machine: Machine): Promise<void> {
  const here = machine.process.boot_id.slice(0, 8);
  const files = ["", ATTEMPTS, CLAIMS].flatMap((folder) =>
    listNames(join(dir, folder)).flatMap((name) => {
      const owner = readTemporaryName(name);
      return owner?.boot === here ? [{ path: join(dir, folder, name), owner }] : [];
    })
  );
  const alive = await startTicks([...new Set(files.map((file) => file.owner.pid))]);
  for (const { path, owner } of files) {
    if (alive.get(owner.pid) !== owner.start_ticks) removeQuietly(path);
  }
}
