/** Compiles one program from a folder of JavaScript files. */
import { readdir, utimes } from "node:fs/promises";
import { dirname, join } from "node:path";
import { runTool } from "../tools/run_tool.ts";

// Each permission is named: under -A a program could not give up reading and writing again. --no-code-cache, since the
// cache would be a file of a name that anyone can guess in /tmp. The space for young objects (MiB): more is memory that a job
// would hold for nothing, less is a garbage collection during each start.
const flags = [
  ..."--quiet --no-config --no-check --no-lock --no-code-cache --no-prompt --unstable-worker-options".split(" "),
  "--v8-flags=--min-semi-space-size=4,--max-semi-space-size=4",
  ..."--allow-read --allow-write --allow-run --allow-env --allow-sys".split(" "),
  ..."--deny-net --deny-ffi --deny-import".split(" "),
];

// Deno embeds the times of the files and the name of the program, so both are constant.
const embeddedTime = new Date("2000-01-01T00:00:00Z");
const name = "nsfarm-deno";

/**
 * Compiles the files of `folder` into a program beside that folder: the same files and runtime give the same bytes.
 * @returns the path of the program
 */
export async function compile(folder: string, entry: string, runtime: string): Promise<string> {
  for (const file of await readdir(folder)) await utimes(join(folder, file), embeddedTime, embeddedTime);
  const program = join(dirname(folder), name);
  await runTool(Deno.execPath(), ["compile", ...flags, "-o", program, entry], {
    doing: "compile the program",
    next: "run ./dev build again, with an empty .tools if that does not help",
    cwd: folder,
    env: { DENORT_BIN: runtime },
  });
  return program;
}
