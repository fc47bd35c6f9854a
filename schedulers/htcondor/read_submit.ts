import type { Answer, CommandResult } from "../adapter.ts";
import { isCutShort, saying } from "../command_result.ts";

/** Faults of the way to the schedd (recorded: condor-submit-schedd-down, -no-collector). */
const NO_ANSWER =
  /Failed to connect|Can't find address|CEDAR:\d+|SECMAN:\d+|AUTHENTICATE:\d+|[Tt]imed out|connection (closed|lost)/;

/** `2.0 - 2.11`: the range of jobs, with -terse. */
const RANGE = /^(\d+)\.\d+ - \1\.\d+$/;

export function readHTCondorSubmit(result: CommandResult): Answer<string> {
  if (result.spawn_error !== null) {
    return { kind: "refused", message: `condor_submit cannot be started: ${saying(result)}` };
  }
  if (isCutShort(result)) return { kind: "unclear", message: saying(result) };
  const id = result.stdout.split("\n").flatMap((line) => RANGE.exec(line.trim())?.[1] ?? []).at(-1);
  if (result.exit_code === 0 && id !== undefined) return { kind: "ok", value: id };
  if (result.exit_code === 0 || id !== undefined || result.stderr.trim() === "" || NO_ANSWER.test(result.stderr)) {
    return { kind: "unclear", message: saying(result) };
  }
  return { kind: "refused", message: saying(result) };
}
