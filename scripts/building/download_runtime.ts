import { mkdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pinnedDeno, toolsDir } from "../tool_paths.ts";
import { inScratch } from "../tools/in_scratch.ts";
import { runTool } from "../tools/run_tool.ts";
import { cutRuntime } from "./cut_runtime.ts";

/**
 * Returns the path of the runtime that Deno downloads for a target. Deno does not report that path, so an empty program
 * is compiled and the runtime cut out of it.
 * @throws DevError if it cannot be downloaded
 */
export async function downloadRuntime(target: string): Promise<string> {
  const kept = join(toolsDir, `denort-${pinnedDeno}`, `${target}.downloaded`);
  if (await stat(kept).catch(() => undefined) !== undefined) return kept;
  console.error(`dev: downloading the runtime of Deno ${pinnedDeno} for ${target} (once)`);
  await inScratch(async (folder) => {
    const runtime = join(folder, "denort");
    await writeFile(runtime, cutRuntime(await readFile(await compileNothing(folder, target))), { mode: 0o755 });
    await mkdir(dirname(kept), { recursive: true });
    await rename(runtime, kept);
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
