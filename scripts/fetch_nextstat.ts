/** Fetches nextstat, the program that fits the toys. */
import { chmod, mkdir, readFile, rename, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { sha256Of } from "../runtime/fs/hash_file.ts";
import { DevError, inScratch, runMain, runTool, toolsDir } from "./tools.ts";

const version = "0.10.1";
const pinnedSha256 = "7d36c2771d2acf0ceec7edb2c6950f42d63994d3d512f43cd4084ecbc04aca5a";
const doing = `fetch nextstat ${version}`;
const next = "set NSFARM_NEXTSTAT to a nextstat of your own";

/**
 * Returns the absolute path of the nextstat to use: NSFARM_NEXTSTAT where it is set, else the pinned one, fetched if
 * needed.
 * @throws DevError if there is none
 */
export async function nextstatBin(): Promise<string> {
  const given = Deno.env.get("NSFARM_NEXTSTAT");
  if (given) return await checkGiven(resolve(given));
  const path = join(toolsDir, `nextstat-${version}`, "nextstat");
  if (!await isProgram(path)) await fetchTo(path);
  return path;
}

async function checkGiven(path: string): Promise<string> {
  if (await isProgram(path)) return path;
  throw new DevError(`Cannot use NSFARM_NEXTSTAT="${path}": it is not an executable file; set it to one, or unset it`);
}

async function isProgram(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found !== undefined && found.isFile() && (found.mode & 0o111) !== 0;
}

async function fetchTo(path: string): Promise<void> {
  console.error(`dev: fetching nextstat ${version} into .tools (once)`);
  await inScratch(async (folder) => {
    const program = await unpack(await download(folder), folder);
    await check(program);
    await mkdir(dirname(path), { recursive: true });
    await rename(program, path);
  });
}

async function download(folder: string): Promise<string> {
  const pip = ["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--dest", folder];
  await runTool("python3", [...pip, `nextstat-cli==${version}`], { doing, next });
  for await (const { name } of Deno.readDir(folder)) {
    if (name.endsWith(".whl")) return join(folder, name);
  }
  throw new DevError(`Cannot ${doing}: pip downloaded no wheel; ${next}`);
}

// Python unpacks the wheel, since unzip may be missing.
async function unpack(wheel: string, folder: string): Promise<string> {
  await runTool("python3", ["-m", "zipfile", "-e", wheel, folder], { doing, next });
  return join(folder, `nextstat_cli-${version}.data`, "scripts", "nextstat");
}

async function check(program: string): Promise<void> {
  const sum = sha256Of(await readFile(program));
  if (sum !== pinnedSha256) {
    throw new DevError(`Cannot ${doing}: its sha256 is ${sum}, wanted ${pinnedSha256} (x86-64 Linux); ${next}`);
  }
  await chmod(program, 0o755);
  const printed = (await runTool(program, ["--version"], { doing, next })).trim();
  if (printed !== `nextstat ${version}`) throw new DevError(`Cannot ${doing}: it calls itself "${printed}"; ${next}`);
}

if (import.meta.main) {
  await runMain(async () => {
    console.log(await nextstatBin());
    return 0;
  });
}
