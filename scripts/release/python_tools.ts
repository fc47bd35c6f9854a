/** Python's own tools for packages, in an environment of their own. */
import { mkdir, rename, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { toolsDir } from "../tool_paths.ts";
import { inScratch } from "../tools/in_scratch.ts";
import { runTool } from "../tools/run_tool.ts";

const PACKAGES = ["wheel==0.48.0", "twine==7.0.0", "check-wheel-contents==0.6.3"];

/** Returns the folder that PYTHONPATH must name so that `python3 -m wheel` and the like are those of the release. */
export const pythonTools = (): Promise<string> => pythonPackages("python_tools", PACKAGES);

/** Returns a folder of .tools with these packages of Python, which are fetched once. */
export async function pythonPackages(name: string, packages: readonly string[]): Promise<string> {
  const kept = join(toolsDir, name);
  if (await stat(kept).catch(() => undefined) !== undefined) return kept;
  console.error(`dev: fetching ${packages.join(", ")} into .tools (once)`);
  await inScratch(async (folder) => {
    const into = join(folder, "tools");
    await runTool("python3", ["-m", "pip", "install", "--quiet", "--target", into, ...packages], {
      doing: "fetch Python's tools for packages",
      next: "install Python 3 with pip",
    });
    await mkdir(dirname(kept), { recursive: true });
    await rename(into, kept);
  });
  return kept;
}
