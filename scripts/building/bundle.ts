/**
 * Bundles all sources into a few JavaScript files. These load faster than the sources one by one, since each command
 * reads only what it needs, and no folder of packages is embedded.
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { root } from "../tool_paths.ts";
import { runTool } from "../tools/run_tool.ts";
import { nameParts } from "./name_parts.ts";

// A CommonJS package (yaml) needs `require`, which a module does not have.
const requireForCommonJs =
  'import{createRequire as nsfarmRequire}from"node:module";const require=nsfarmRequire("file:///");';

/** The entry file of the bundle. */
export const ENTRY = "main.js";

/**
 * Bundles `main.ts` with its packages and templates into files of `folder`, with `build` as
 * globalThis.__NSFARM_BUILD__. The same sources give the same files.
 * @throws DevError if it does not bundle
 */
export async function bundle(folder: string, build: Record<string, string>): Promise<void> {
  const raw = `${folder}.raw`;
  const args = ["bundle", "--quiet", "--unstable-raw-imports", "--code-splitting", "--minify", "--outdir", raw];
  const reported = { doing: "bundle main.ts", next: "run ./dev check", cwd: root };
  await runTool(Deno.execPath(), [...args, join(root, "main.ts")], reported);
  await mkdir(folder);
  for (const [name, text] of await nameParts(ENTRY, (name) => readFile(join(raw, name), "utf8"))) {
    const facts = name === ENTRY ? `globalThis.__NSFARM_BUILD__=${JSON.stringify(build)};\n` : "";
    const head = /\brequire\b/.test(text) ? requireForCommonJs : "";
    await writeFile(join(folder, name), `${head}${facts}${text}`);
  }
}
