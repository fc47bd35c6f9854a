import { FarmError } from "../../core/errors.ts";
import { LOGS } from "../../core/run_paths.ts";
import type { Chunk, RenderContext } from "../adapter.ts";
import { formatIndexes } from "../index_ranges.ts";
import { jobComment, jobName } from "../job_name.ts";
import { listOption, onePathLine, type Options, textOption } from "../read_options.ts";
import { readSite } from "../site_options.ts";
import { tasksFor } from "../task_groups.ts";
import { readFreeLines } from "./free_lines.ts";
import { sbatchFlag, SLURM_OPTIONS } from "./options.ts";
import { filenamePattern } from "./sbatch_line.ts";

/** What a job gets of the submitter's environment, beside the names of --env: where it is, who, in which language. */
export const PASSED = ["HOME", "USER", "LOGNAME", "PATH", "LANG", "LC_ALL", "TZ"];

/**
 * All options of sbatch for one chunk, as `--name` or `--name=value`. They are lines of the script, for those who
 * submit it by hand, and words of our own sbatch command, because SBATCH_… variables of the submitter override lines
 * but not words (sbatch(1), INPUT ENVIRONMENT VARIABLES).
 * @throws {FarmError} usage
 */
export function directives({ run_dir, options, manifest }: RenderContext, chunk: Chunk, token: string): string[] {
  return [
    `--job-name=${jobName(manifest.run_id, token)}`,
    `--comment=${jobComment(token)}`,
    `--array=${formatIndexes(tasksFor(chunk, null))}${chunk.throttle === undefined ? "" : `%${chunk.throttle}`}`,
    "--nodes=1",
    "--ntasks=1",
    ...resources(options),
    `--output=${filenamePattern(plainRunDir(run_dir))}/${LOGS}/slurm_%A_%a.log`,
    `--export=${[...new Set([...PASSED, ...readSite(options).env])].join(",")},NSFARM_TOKEN=${token}`,
    // A task that Slurm starts anew by itself would be a second attempt that nobody asked for: retry does that.
    "--no-requeue",
    ...readFreeLines(listOption(options, "slurm-sbatch")),
  ];
}

function resources(options: Options): string[] {
  return SLURM_OPTIONS.flatMap((option) => {
    const flag = sbatchFlag(option);
    const value = flag && textOption(options, option.name);
    return value === undefined || value === "" ? [] : [`--${flag}=${value}`];
  });
}

/** With a backslash in a path Slurm fills in neither %A nor %a (sbatch(1), FILENAME PATTERN). */
function plainRunDir(run_dir: string): string {
  if (!run_dir.includes("\\")) return onePathLine("the run directory", run_dir);
  throw new FarmError(
    "usage",
    `Cannot use the run directory "${run_dir}" with Slurm: its path has a backslash, so that all jobs would write one log`,
    "Choose an --out-dir without one",
  );
}
