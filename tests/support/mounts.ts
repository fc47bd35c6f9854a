import assert from "node:assert/strict";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";

async function run(program: string, args: string[]): Promise<{ success: boolean; printed: string }> {
  const { success, stderr } = await new Deno.Command(program, { args }).output();
  return { success, printed: new TextDecoder().decode(stderr) };
}

/** Whether this process may mount file systems (root, and not in a container without that right). */
export const canMount: boolean = await tryMount();

/** Addition to the names of tests that are left out without mounts. */
export const unlessMounting = canMount ? "" : " (left out: needs root with the right to mount)";

async function tryMount(): Promise<boolean> {
  const folder = await Deno.makeTempDir();
  try {
    const { success } = await run("mount", ["-t", "tmpfs", "-o", "size=16k", "none", folder]);
    return success && (await run("umount", [folder])).success;
  } catch {
    return false;
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Runs a test with a file system of 256 KiB mounted in the folder, and unmounts it. */
export async function withDisk(folder: string, work: (disk: string) => Promise<void>): Promise<void> {
  const disk = join(folder, "disk");
  await mkdir(disk);
  await must("mount", ["-t", "tmpfs", "-o", "size=256k", "none", disk]);
  try {
    await work(disk);
  } finally {
    await must("umount", ["-l", disk]);
  }
}

/** Makes a folder read-only for everybody, also root, while `work` runs. */
export async function whileReadOnly(folder: string, work: () => Promise<void>): Promise<void> {
  await must("mount", ["--bind", folder, folder]);
  try {
    await must("mount", ["-o", "remount,ro,bind", folder]);
    await work();
  } finally {
    await must("umount", ["-l", folder]);
  }
}

export async function must(program: string, args: string[]): Promise<void> {
  const { success, printed } = await run(program, args);
  assert(success, `${program} ${args.join(" ")}: ${printed}`);
}
