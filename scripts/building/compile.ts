/** One program from one JavaScript text. */

import { utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runTool } from "../tools/run_tool.ts";

// Each permission is named: under -A a program could not give up reading and writing again. --no-code-cache, since the
// cache would be a file of a name that anyone can guess in /tmp.
const flags = [
  ..."--quiet --no-config --no-check --no-lock --no-code-cache --no-prompt --unstable-worker-options".split(" "),
  ..."--allow-read --allow-write --allow-run --allow-env --allow-sys".split(" "),
  ..."--deny-net --deny-ffi --deny-import".split(" "),
];

// Deno embeds the time of the file and the name of the program, so both are always the same.
const embeddedTime = new Date("2000-01-01T00:00:00Z");
const name = "nsfarm-deno";

/**
 * Compiles a text into a program in `folder`: the same text and runtime give the same bytes.
 *
 * @returns the path of the program
 */
export async function compile(folder: string, text: string, runtime: string): Promise<string> {
  const source = join(folder, `${name}.js`);
  await writeFile(source, text);
  await utimes(source, embeddedTime, embeddedTime);
  await runTool(Deno.execPath(), ["compile", ...flags, "-o", name, `${name}.js`], {
    doing: "compile the program",
    next: "run ./dev build again, with an empty .tools if that does not help",
    cwd: folder,
    env: { DENORT_BIN: runtime },
  });
  return join(folder, name);
}
