import { quoteWord } from "../../core/shell_quote.ts";
import { LOGS } from "../../core/run_paths.ts";
import type { Finish, Handle, RenderContext } from "../adapter.ts";
import { jobTag } from "../job_name.ts";
import { submitPath } from "./submit_value.ts";

const SCRIPT = "condor_finish_job.sh";
const SUBMIT_FILE = "condor_finish_job.sub";

/**
 * A job of the scheduler universe: it runs on the submit machine at once, under the schedd, as DAGMan does (HTCondor
 * manual, "Scheduler Universe"), and waits until the event log says that the run's jobs have ended. A DAG with a final
 * node would do the same, but only for jobs that DAGMan itself submits: not for those of a retry.
 */
export function finishHTCondor(
  { run_dir, nsfarm, manifest }: RenderContext,
  _handles: Handle[],
  token: string,
): Finish {
  const dir = submitPath("the run directory", run_dir);
  const sub = [
    "# Collects and merges the run when its jobs have ended; says in merge_status.json what is missing.",
    "universe = scheduler",
    `initialdir = ${dir}`,
    `executable = ${dir}/${SCRIPT}`,
    `log = ${LOGS}/condor_finish.$(ClusterId).log`,
    `output = ${LOGS}/finish.$(ClusterId).log`,
    `error = ${LOGS}/finish.$(ClusterId).log`,
    `batch_name = ${manifest.run_id}`,
    `My.NsfarmToken = "${jobTag(token)}"`,
    "queue",
    "",
  ];
  const script = [
    "#!/bin/sh",
    ': "${PATH:=/usr/local/bin:/usr/bin:/bin}"',
    "export PATH",
    `exec ${quoteWord(nsfarm)} finish ${quoteWord(run_dir)} --wait`,
    "",
  ];
  return {
    files: [
      { path: SCRIPT, text: script.join("\n"), executable: true },
      { path: SUBMIT_FILE, text: sub.join("\n"), executable: false },
    ],
    command: { argv: ["condor_submit", "-terse", `${run_dir}/${SUBMIT_FILE}`], timeout_s: 120 },
  };
}
