import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { kill, pid } from "node:process";
import { toolsDir } from "../tool_paths.ts";

const scratchDir = join(toolsDir, "scratch");
let made = 0;

/**
 * Runs a function with a fresh folder on the file system of `.tools`, so that its results can be renamed into place in
 * one step. Removes the folder afterwards, and those that killed processes left.
 */
export async function inScratch<T>(work: (folder: string) => Promise<T>): Promise<T> {
  await mkdir(scratchDir, { recursive: true });
  await dropLeftovers();
  const folder = join(scratchDir, `${made++}.${pid}`);
  await mkdir(folder);
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function dropLeftovers(): Promise<void> {
  for (const name of await readdir(scratchDir)) {
    const owner = Number(name.split(".").at(-1));
    if (owner !== pid && isGone(owner)) await rm(join(scratchDir, name), { recursive: true, force: true });
  }
}

function isGone(owner: number): boolean {
  try {
    kill(owner, 0);
    return false;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "ESRCH";
  }
}
