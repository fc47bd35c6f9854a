import type { CommandResult, SubmitAnswer } from "../adapter.ts";
import { isCutShort, readIds, saying } from "../command_result.ts";

/** Faults of the way to the schedd (recorded: condor-submit-schedd-down, -no-collector). */
const NO_ANSWER =
  /Failed to connect|Can't find address|CEDAR:\d+|SECMAN:\d+|AUTHENTICATE:\d+|[Tt]imed out|connection (closed|lost)/;

/**
 * Refusals of condor_submit itself, before it calls the schedd (recorded: condor-submit-badsub2, -missing-exe,
 * -syntax-error; submit_utils.cpp). Not among them: `Failed to commit job submission into the queue`, after which the jobs
 * may be there.
 */
const REFUSALS =
  /Failed to (open command|parse command) file|Executable file .* does not exist|invalid Queue statement|on Line \d+ of submit file|No 'executable' parameter|unknown universe|Parse error in (expression|ClassAd)|Can't open "/i;

/** `2.0 - 2.11`: the range of jobs, with -terse. */
const RANGE = /^(\d+)\.\d+ - \1\.\d+$/;

export function readHTCondorSubmit(result: CommandResult): SubmitAnswer {
  if (result.spawn_error !== null) {
    return { kind: "refused", message: `condor_submit cannot be started: ${saying(result)}` };
  }
  if (isCutShort(result)) return { kind: "unclear", message: saying(result) };
  const read = readIds(result, RANGE);
  if (read) return read;
  const { exit_code, stderr } = result;
  const message = saying(result);
  if (exit_code === 0 || stderr.trim() === "" || NO_ANSWER.test(stderr)) return { kind: "unclear", message };
  return REFUSALS.test(stderr) ? { kind: "refused", message } : { kind: "unclear", answered: true, message };
}
