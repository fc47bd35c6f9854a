/** Hashes everything that the program is made of. */
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { root } from "../tool_paths.ts";

// A list of exclusions, so that a new folder of sources is never forgotten.
const notSources = ["dist", "tests", "coverage", "node_modules"];

/**
 * Returns a hash over the names and bytes of all files of the checkout that the build could read, and of its
 * environment.
 */
export async function sourceHash(): Promise<string> {
  const hash = createHash("sha256");
  hash.update(`${Deno.version.deno}\n${Deno.build.target}\n${Deno.env.get("DENORT_BIN") ?? ""}\n`);
  for (const path of (await sourceFiles()).sort()) {
    const bytes = await readFile(join(root, path));
    hash.update(`${path}\n${bytes.length}\n`).update(bytes);
  }
  return hash.digest("hex");
}

async function sourceFiles(): Promise<string[]> {
  const paths: string[] = [];
  for (const entry of await readdir(root, { withFileTypes: true })) {
    if (entry.name.startsWith(".") || notSources.includes(entry.name)) continue;
    if (entry.isFile()) paths.push(entry.name);
    if (entry.isDirectory()) paths.push(...await filesIn(entry.name));
  }
  return paths;
}

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(join(root, folder), { withFileTypes: true });
  const paths = entries.map(async (entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return await filesIn(path);
    return entry.isFile() ? [path] : [];
  });
  return (await Promise.all(paths)).flat();
}
