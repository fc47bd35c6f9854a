import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pid } from "node:process";
import { sha256Of } from "../../runtime/fs/hash_file.ts";
import { binaryPath, distDir } from "../tool_paths.ts";
import { buildBinary } from "./build_binary.ts";
import { sourceHash } from "./source_hash.ts";

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
