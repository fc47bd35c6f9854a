/** `./dev build`: builds the program. */
import { readFile, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { sha256Of } from "../runtime/fs/hash_file.ts";
import { buildBinary } from "./building/binary.ts";
import { targets } from "./building/runtime.ts";
import { smallestGlibc } from "./building/elf.ts";
import { binaryPath, DevError, runMain } from "./tools.ts";

async function main(): Promise<number> {
  const { out, target, download } = readArgs(Deno.args);
  const runtime = await buildBinary({ out, target, download });
  const { size } = await stat(out);
  console.log(out);
  console.log(`  size     ${(size / 1e6).toFixed(1)} MB`);
  console.log(`  sha256   ${sha256Of(await readFile(out))}`);
  console.log(`  target   ${runtime.target}, glibc ${await smallestGlibc(out)} or newer`);
  console.log(`  runtime  denort of Deno ${Deno.version.deno} (${runtime.source}), sha256 ${runtime.sha256}`);
  return 0;
}

function readArgs(args: string[]): { out: string; target: string; download: boolean } {
  const { values } = parsed(args);
  const { out = binaryPath, target = Deno.build.target, download = false } = values;
  if (!targets.includes(target)) {
    throw new DevError(`Cannot build for "${target}": wanted ${targets.join(" or ")}; name it with --target`);
  }
  return { out: resolve(out), target, download };
}

function parsed(args: string[]) {
  try {
    return parseArgs({
      args,
      options: { out: { type: "string" }, target: { type: "string" }, download: { type: "boolean" } },
    });
  } catch (error) {
    throw new DevError(`Cannot build: ${error instanceof Error ? error.message : error}; see ./dev help`);
  }
}

await runMain(main);
