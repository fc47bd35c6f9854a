import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pid } from "node:process";
import { sha256Of } from "../../runtime/fs/hash_file.ts";
import { binaryPath, distDir, root } from "../tools.ts";
import { buildBinary } from "./binary.ts";

const stampPath = join(distDir, "nsfarm-deno.stamp");

/**
 * Returns the path of `dist/nsfarm-deno`, built anew unless it is of exactly the present sources.
 * @throws DevError if it cannot be built
 */
export async function ensureBinary(): Promise<string> {
  const sources = await sourceHash();
  if (await readFile(stampPath, "utf8").catch(() => "") === await stamp(sources)) return binaryPath;
  console.error("dev: building dist/nsfarm-deno");
  await buildBinary({ out: binaryPath, target: Deno.build.target, download: false });
  await writeStamp(await stamp(sources));
  return binaryPath;
}

async function stamp(sources: string): Promise<string> {
  const binary = await readFile(binaryPath).catch(() => undefined);
  return `sources ${sources}\nbinary  ${binary === undefined ? "none" : sha256Of(binary)}\n`;
}

async function writeStamp(text: string): Promise<void> {
  await mkdir(distDir, { recursive: true });
  await writeFile(`${stampPath}.${pid}.tmp`, text);
  await rename(`${stampPath}.${pid}.tmp`, stampPath);
}

// A list of exclusions, so that a new folder of sources is never forgotten.
const notSources = ["dist", "tests", "coverage", "node_modules"];
/** The program is tried on a run of these while it is built. */
const FIXTURES = "tests/fixtures";

/**
 * Returns a hash over the names and bytes of all files of the checkout that the build could read, and of its
 * environment.
 */
async function sourceHash(): Promise<string> {
  const hash = createHash("sha256");
  hash.update(`${Deno.version.deno}\n${Deno.build.target}\n${Deno.env.get("DENORT_BIN") ?? ""}\n`);
  for (const path of (await sourceFiles()).sort()) {
    const bytes = await readFile(join(root, path));
    hash.update(`${path}\n${bytes.length}\n`).update(bytes);
  }
  return hash.digest("hex");
}

async function sourceFiles(): Promise<string[]> {
  const paths = await filesIn(FIXTURES);
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
