import { rmdirSync } from "node:fs";
import { chmod, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { canMount, must } from "../support/mounts.ts";
import type { Faults, Later } from "./parts.ts";

/** A small file system for the run directories of a backend, which can be filled. */
export interface SmallDisk {
  /** Folder for the run directories. */
  path: string;
  faults(later: Later): Faults;
  close(): void;
}

const SIZE_MIB = 48;

/** Makes a small disk. Existing nodes do not see its content. Without mounts it cannot be filled. */
export async function smallDisk(): Promise<SmallDisk> {
  const path = await mkdtemp(join(tmpdir(), "nsfarm-disk-"));
  if (canMount) await must("mount", ["-t", "tmpfs", "-o", `size=${SIZE_MIB}m,mode=755`, "none", path]);
  await chmod(path, 0o755);
  return {
    path,
    faults: (later) => canMount ? { "fill the disk of the run": (dice) => fill(path, later, 300 + 1500 * dice) } : {},
    close: () => {
      if (canMount) new Deno.Command("umount", { args: ["-l", path] }).outputSync();
      rmdirSync(path);
    },
  };
}

/** Fills the disk completely for this number of milliseconds. */
async function fill(disk: string, later: Later, ms: number): Promise<boolean> {
  const file = join(disk, "filler");
  // The write ends with an error when the disk is full.
  await writeFile(file, new Uint8Array(SIZE_MIB * 2 ** 20)).catch(() => {});
  later.after(ms, () => Deno.remove(file));
  return true;
}
