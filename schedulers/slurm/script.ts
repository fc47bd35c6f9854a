import { INCOMING, LOGS } from "../../core/run_paths.ts";
import { quoteWord } from "../../core/shell_quote.ts";
import { renderTemplate, verbatim } from "../../core/template.ts";
import { dividedBy } from "../../core/steering.ts";
import { VERSION } from "../../core/version.ts";
import template from "../../templates/slurm_array_job.sh.mustache" with { type: "text" };
import type { Chunk, Finish, Handle, RenderContext, Rendered, RenderedFile, SchedulerLimits } from "../adapter.ts";
import { jobLines, needsWrapper, renderJobWrapper, threadsWarning } from "../job_wrapper.ts";
import { countOption, type Options, readSite, textOption } from "../options.ts";
import { groupedChunk, groupsOf, jobComment, jobName, tasksFor, taskWords } from "../tasks.ts";
import { directives, filenamePattern, sbatchLine } from "./options.ts";
import { SLURM_IN_JOB } from "../in_job.ts";

/** MaxArraySize if it could not be queried: Slurm's default (slurm.conf(5)). */
const USUAL_ARRAY_SIZE = 1001;

/**
 * Groups shards into arrays. The limit is on the index, which must stay below MaxArraySize (slurm.conf(5),
 * MaxArraySize), so that shard 1001 is task 0 of the second array. With one shard per job, the task index is the
 * shard's number minus a multiple of that limit: `squeue` then shows 47_17 for shard 17.
 */
export function slurmChunks(
  { shards, options, limits, throttle }: Pick<RenderContext, "shards" | "options" | "limits" | "throttle">,
): Chunk[] {
  const size = limits.max_array_size === null ? Infinity : limits.max_array_size ?? USUAL_ARRAY_SIZE;
  const most = Math.min(size, maxSubmitJobs(limits, options) ?? Infinity);
  const { shards_per_job } = readSite(options);
  const chunks = shards_per_job > 1
    ? groupsOf(groupsOf(shards, shards_per_job), most).map((groups, index) => groupedChunk(index, groups))
    : windowsOf(shards, size).flatMap((window) => groupsOf(window, most)).map((mine, index) => ({
      index,
      shards: mine,
      tasks: mine.map((shard) => shard % size),
    }));
  return withThrottle(chunks, throttle === undefined ? countOption(options, "slurm-throttle") : throttle ?? undefined);
}

const windowsOf = (shards: readonly number[], size: number): number[][] => [
  ...Map.groupBy(shards, (shard) => Math.floor(shard / size)).values(),
];

/** Shares a run's throttle out over its arrays, at least 1 each, since `--array=…%k` applies to a single array. */
function withThrottle(chunks: Chunk[], throttle: number | undefined): Chunk[] {
  if (throttle === undefined) return chunks;
  const shares = dividedBy(throttle, chunks.length);
  return chunks.map((chunk, i) => ({ ...chunk, throttle: Math.max(1, shares[i] ?? 1) }));
}

/** Returns the shards' numbers minus the tasks' indexes, with one shard per job. */
export const offsetOf = (chunk: Chunk): number => (chunk.shards[0] ?? 0) - (chunk.tasks?.[0] ?? 0);

const taskCount = (chunk: Chunk): number => tasksFor(chunk, null).length;

/**
 * Returns the smallest limit on this user's jobs that applies to the options. A limit of a QOS counts only if that QOS
 * is requested: one job at a time in a debug QOS does not limit the others.
 */
export function maxSubmitJobs(limits: SchedulerLimits, options: Options): number | undefined {
  const [account, partition, qos] = ["account", "partition", "qos"].map((name) => textOption(options, `slurm-${name}`));
  const fitting = (limits.submit_limits ?? []).filter((limit) =>
    fits(limit.account, account) && fits(limit.partition, partition) && (limit.qos === null || limit.qos === qos)
  );
  const numbers = [...fitting.map((limit) => limit.max_submit_jobs), limits.max_submit_jobs ?? Infinity];
  const least = Math.max(1, Math.min(...numbers));
  return Number.isFinite(least) ? least : undefined;
}

function fits(limited: string | null, requested: string | undefined): boolean {
  return limited === null || requested === undefined || requested.split(",").includes(limited);
}

export const scriptName = (index: number): string => `slurm_array_job${index === 0 ? "" : `.${index + 1}`}.sh`;

/** Writes one array job script for each chunk. @throws {FarmError} usage */
export function renderSlurm(context: RenderContext): Rendered {
  const chunks = slurmChunks(context);
  const scripts = chunks.map((chunk) => script(context, chunk, chunks.length));
  const hasWrapper = needsWrapper(context);
  return {
    files: [...scripts, ...(hasWrapper ? [renderJobWrapper(context, "slurm", SLURM_IN_JOB)] : [])],
    chunks,
    warnings: warningsFor(context, chunks),
    by_hand: chunks.map(({ index }) => ["sbatch", `${context.run_dir}/${scriptName(index)}`]),
    folders: hasWrapper ? [LOGS, INCOMING] : [LOGS],
  };
}

/** Arguments of the sh wrapper in the shell variables of the script. */
const WRAPPER_ARGS = `"$1" "$SLURM_ARRAY_JOB_ID" "$SLURM_ARRAY_TASK_ID" "\${NSFARM_TOKEN-}"`;

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
    groups: single ? [] : taskWords(chunk),
    launch: verbatim(jobLines(context, { ...(single ? {} : { shards: "$1" }), wrapper_args: WRAPPER_ARGS })),
  }, quoteWord);
  return { path, text, executable: true };
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
        `Slurm allows you ${most} jobs at a time and the run has ${jobs}: submit the next array when the one before ` +
        `has ended, or put several shards into a job with --shards-per-job ${Math.ceil(jobs / most)}`,
      ]
      : []),
  ];
}

const SCRIPT = "slurm_finish_job.sh";

/** Options that the finishing job shares with the run; its memory, CPUs and time are its own. */
const SHARED = ["partition", "account", "qos", "reservation"];

/**
 * Returns a job that starts after all jobs of the run have ended, successful or not: afterany, because afterok would
 * wait in the queue forever after one failure (sbatch(1), --dependency; DependencyNeverSatisfied).
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
    files: [{ path: SCRIPT, text: finishScript(run_dir, nsfarm), executable: true }],
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

function finishScript(run_dir: string, nsfarm: string): string {
  return [
    "#!/bin/sh",
    "# Collects and merges the run when its jobs have ended; says in merge_status.json what is missing.",
    `exec ${quoteWord(nsfarm)} finish ${quoteWord(run_dir)}`,
    "",
  ].join("\n");
}
