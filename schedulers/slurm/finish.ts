import { quoteWord } from "../../core/shell_quote.ts";
import { LOGS } from "../../core/run_paths.ts";
import type { Finish, Handle, RenderContext } from "../adapter.ts";
import { jobComment, jobName } from "../job_name.ts";
import { textOption } from "../read_options.ts";
import { filenamePattern } from "./sbatch_line.ts";

const SCRIPT = "slurm_finish_job.sh";

/** Where a run's jobs go, its finishing job goes too; its memory, CPUs and time are its own. */
const SHARED = ["partition", "account", "qos", "reservation"];

/**
 * A job that starts when all jobs of the run have ended, however they ended: afterany, because afterok would stay in
 * the queue for ever after one failure (sbatch(1), --dependency; DependencyNeverSatisfied).
 */
export function finishSlurm(
  { run_dir, nsfarm, options, manifest }: RenderContext,
  handles: Handle[],
  token: string,
): Finish {
  const words = SHARED.flatMap((name) => {
    const value = textOption(options, `slurm-${name}`);
    return value ? [`--${name}=${value}`] : [];
  });
  return {
    files: [{ path: SCRIPT, text: script(run_dir, nsfarm), executable: true }],
    command: {
      argv: [
        "sbatch",
        "--parsable",
        `--job-name=${jobName(manifest.run_id, token)}`,
        `--comment=${jobComment(token)}`,
        `--dependency=afterany:${handles.map((handle) => handle.job_id).join(":")}`,
        "--ntasks=1",
        ...words,
        `--output=${filenamePattern(run_dir)}/${LOGS}/finish_%j.log`,
        "--export=HOME,USER,LOGNAME,PATH,LANG",
        "--no-requeue",
        `${run_dir}/${SCRIPT}`,
      ],
      timeout_s: 120,
    },
  };
}

function script(run_dir: string, nsfarm: string): string {
  return [
    "#!/bin/sh",
    "# Collects and merges the run when its jobs have ended; says in merge_status.json what is missing.",
    `exec ${quoteWord(nsfarm)} finish ${quoteWord(run_dir)}`,
    "",
  ].join("\n");
}
