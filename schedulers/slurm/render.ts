import { renderTemplate, verbatim } from "../../core/render_template.ts";
import { INCOMING, LOGS } from "../../core/run_paths.ts";
import { quoteWord } from "../../core/shell_quote.ts";
import { VERSION } from "../../core/version.ts";
import template from "../../templates/slurm_array_job.sh.mustache" with { type: "text" };
import type { Chunk, RenderContext, Rendered, RenderedFile } from "../adapter.ts";
import { JOB_WRAPPER, renderJobWrapper } from "../job_wrapper.ts";
import { launchLines, setupLines } from "../launch.ts";
import { countOption } from "../read_options.ts";
import { readSite } from "../site_options.ts";
import { shardsByTask } from "../task_groups.ts";
import { threadsWarning } from "../threads_warning.ts";
import { maxSubmitJobs, offsetOf, slurmChunks, taskCount } from "./chunks.ts";
import { directives } from "./directives.ts";
import { SLURM_IN_JOB } from "./in_job.ts";
import { sbatchLine } from "./sbatch_line.ts";

export const scriptName = (index: number): string => `slurm_array_job${index === 0 ? "" : `.${index + 1}`}.sh`;

/** Writes one array job script for each chunk. @throws {FarmError} usage */
export function renderSlurm(context: RenderContext): Rendered {
  const chunks = slurmChunks(context);
  const scripts = chunks.map((chunk) => script(context, chunk, chunks.length));
  const wrapper = context.manifest.farm.wrapper === "sh" ? [renderJobWrapper(context, "slurm", SLURM_IN_JOB)] : [];
  return {
    files: [...scripts, ...wrapper],
    chunks,
    warnings: warningsFor(context, chunks),
    by_hand: chunks.map(({ index }) => ["sbatch", `${context.run_dir}/${scriptName(index)}`]),
    folders: wrapper.length > 0 ? [LOGS, INCOMING] : [LOGS],
  };
}

function script(context: RenderContext, chunk: Chunk, chunks: number): RenderedFile {
  const { manifest, run_dir, nsfarm } = context;
  const path = scriptName(chunk.index);
  const single = readSite(context.options).shards_per_job === 1;
  const text = renderTemplate(template, {
    directives: directives(context, chunk, manifest.farm.run_token).map((one) => verbatim(sbatchLine(one))),
    about: verbatim(
      `Array ${chunk.index + 1} of ${chunks} of the run ${manifest.run_id}: ${chunk.shards.length} shards.`,
    ),
    path: `${run_dir}/${path}`,
    logs: verbatim(`${run_dir}/${LOGS}`),
    version: verbatim(VERSION),
    run_dir,
    nsfarm,
    single,
    shifted: offsetOf(chunk) !== 0,
    offset: offsetOf(chunk),
    groups: single ? [] : groupWords(chunk),
    launch: verbatim(launchOf(context)),
  }, quoteWord);
  return { path, text, executable: true };
}

/** `0+1+2` for each task: what a task's shards are to the script. */
export const groupWords = (chunk: Chunk): string[] => [...shardsByTask(chunk).values()].map((group) => group.join("+"));

function launchOf(context: RenderContext): string {
  const site = readSite(context.options);
  if (context.manifest.farm.wrapper === "sh") {
    return `exec "$run_dir/${JOB_WRAPPER}" shared "$1" "$SLURM_ARRAY_JOB_ID" "$SLURM_ARRAY_TASK_ID" "\${NSFARM_TOKEN-}"`;
  }
  const split = site.shards_per_job > 1 ? "IFS=+\nset -- $1\nunset IFS\n" : "";
  return `${setupLines(site)}${split}${launchLines(context, site)}`.trimEnd();
}

function warningsFor({ manifest, options, limits }: RenderContext, chunks: Chunk[]): string[] {
  const cpus = countOption(options, "slurm-cpus-per-task") ?? 1;
  const throttle = countOption(options, "slurm-throttle");
  const jobs = chunks.reduce((sum, chunk) => sum + taskCount(chunk), 0);
  const most = maxSubmitJobs(limits, options);
  return [
    ...threadsWarning(manifest.threads, cpus, "slurm-cpus-per-task"),
    ...(throttle !== undefined && throttle < chunks.length
      ? [`--slurm-throttle ${throttle} is less than the ${chunks.length} arrays: each array runs one job at a time`]
      : []),
    ...(most !== undefined && most < jobs
      ? [
        `Slurm lets you have ${most} jobs at a time, and the run has ${jobs}: submit the next array when the one before ` +
        `has ended, or put several shards into a job with --shards-per-job ${Math.ceil(jobs / most)}`,
      ]
      : []),
  ];
}
