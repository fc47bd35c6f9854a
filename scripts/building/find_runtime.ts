/** Finds the runtime ("denort") to which `deno compile` appends the program. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { sha256Of } from "../../runtime/fs/hash_file.ts";
import { DevError } from "../tools/dev_error.ts";
import { downloadRuntime } from "./download_runtime.ts";
import { elfTarget } from "./elf_target.ts";
import { npmRuntime, npmTarget } from "./npm_runtime.ts";

/** The machines that the program can be built for. */
export const targets = ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"];

/** A runtime to compile with. */
export interface Runtime {
  path: string;
  target: string;
  sha256: string;
  source: "DENORT_BIN" | "downloaded" | "npm cut-out";
}

/**
 * Finds the runtime: DENORT_BIN where it is set; else the one that Deno downloads, where that is requested or nothing
 * else exists; else the same one cut out of an npm package, for networks that reach only a registry.
 * @throws DevError if there is none
 */
export async function findRuntime(target: string, download: boolean): Promise<Runtime> {
  const given = Deno.env.get("DENORT_BIN");
  if (given) return await checked("DENORT_BIN", resolve(given), target);
  if (download || target !== npmTarget) return await checked("downloaded", await downloadRuntime(target), target);
  return await checked("npm cut-out", await npmRuntime(), target);
}

async function checked(source: Runtime["source"], path: string, target: string): Promise<Runtime> {
  const bytes = await readFile(path).catch(() => {
    throw new DevError(`Cannot read the runtime "${path}" (${source}); name a readable file, or unset DENORT_BIN`);
  });
  const found = elfTarget(bytes) ?? "something else";
  if (found === target) return { path, target, sha256: sha256Of(bytes), source };
  throw new DevError(`Cannot build for ${target}: the runtime "${path}" (${source}) is for ${found}; name another`);
}
