import { resolve } from "node:path";
import { errorText, FarmError } from "../core/errors.ts";
import type { FlagTable } from "../core/flags.ts";
import { readOnEnd, withAbsoluteProgram } from "../core/on_end.ts";
import type { FarmManifest } from "../core/schema/manifest.ts";
import { markOfRun, recordOnEnd, runOnEnd } from "../runtime/control/on_end.ts";
import { type Run, runNow } from "../runtime/run/load_manifest.ts";
import { inspectRun } from "../runtime/state/status.ts";
import { inspectMachine } from "../runtime/system/machine.ts";
import { isExecutable, programOnPath } from "../runtime/system/nextstat.ts";
import type { Output } from "./flags.ts";
import { adapterOf } from "./run_dir_flags.ts";

/** The flag of a command that is started at the end of a run or sweep. */
export const ON_END_FLAG = {
  "on-end": {
    group: "Advanced",
    type: "string",
    placeholder: "command",
    help: "program to start at the end, with the status as JSON on stdin",
    read: (text: string) => {
      readOnEnd(text);
      return text;
    },
  },
} as const satisfies FlagTable;

/** Returns the words of the flag, with an absolute path of a program in a folder. @throws {FarmError} usage */
export const onEndWords = (text: string): string[] => withAbsoluteProgram(readOnEnd(text), (path) => resolve(path));

/**
 * Refuses a program that is not here, before anything is written: nobody would hear of the end.
 * @throws {FarmError} usage
 */
export function requireOnEnd(text: string | undefined): void {
  const [program] = text === undefined ? [] : onEndWords(text);
  if (program === undefined || (program.includes("/") ? isExecutable(program) : programOnPath(program))) return;
  const why = program.includes("/") ? "is no executable file" : "is not on PATH";
  throw new FarmError(
    "usage",
    `Cannot use --on-end ${JSON.stringify(text)}: "${program}" ${why}`,
    "Give the path of a program, and make it executable: chmod +x",
  );
}

/** Returns the run, which keeps the command of the flag; without the flag it keeps what it has. */
export const withOnEnd = (run: Run<FarmManifest>, text: string | undefined): Run<FarmManifest> =>
  text === undefined ? run : recordOnEnd(run, onEndWords(text));

/** Starts the command of --on-end if the run has one and is over, and notes what came of it. Nothing else changes. */
export async function startOnEnd(ended: Run<FarmManifest>, out: Output): Promise<void> {
  try {
    const run = runNow(ended);
    const argv = run.manifest.farm.on_end ?? [];
    if (argv.length === 0) return;
    // Files were awaited before: what no longer runs has ended.
    const status = await inspectRun(run, await adapterOf(run, out), await inspectMachine(), 0);
    if (!status.ended) return;
    const document = { ...status.summary, shards: status.shards };
    out.note(await runOnEnd(markOfRun(run, status.shards), argv, document));
  } catch (error) {
    if (!(error instanceof FarmError)) throw error;
    out.warn(`--on-end was not started: ${errorText(error)}`);
  }
}
