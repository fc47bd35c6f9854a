import type { PoolNode } from "../core/schema/sweep.ts";
import { dividedBy } from "../core/steering.ts";
import {
  ADAPTER_API_VERSION,
  type Answer,
  type Chunk,
  type Command,
  type CommandResult,
  type Handle,
  type RenderContext,
  type SchedulerAdapter,
  type SubmitAnswer,
} from "./adapter.ts";
import { decimal, isEvery, readAllDone, readFound, readSubmission } from "./command_result.ts";
import { readSite, siteOptions, textOption } from "./options.ts";
import { directives, PASSED, SLURM_OPTIONS } from "./slurm/options.ts";
import { probeSlurm, querySlurm, readSlurmJobLog, readSlurmProbe, readSlurmQuery, slurmLogs } from "./slurm/query.ts";
import { finishSlurm, offsetOf, renderSlurm, scriptName } from "./slurm/script.ts";
import { SLURM_IN_JOB } from "./in_job.ts";
import { formatIndexes, hasToken, jobTag, tasksFor, taskWords } from "./tasks.ts";

/**
 * Returns scancel commands. A whole submission is cancelled by its unique name alone, since a site's sbatch may have
 * queued it twice. Single tasks are cancelled by id and name: a job must match both (scancel(1)), so that a reused id
 * is harmless.
 */
function cancelSlurm(handles: Handle[], shards: number[] | null): Command[] {
  return handles.flatMap((handle) => {
    const { job_id, chunk } = handle;
    const tasks = tasksFor(chunk, shards);
    if (tasks.length === 0) return [];
    const which = shards === null ? [] : [`${job_id}_[${formatIndexes(tasks)}]`];
    return [{ argv: ["scancel", "--me", `--name=${submittedName(handle)}`, ...which], timeout_s: 120 }];
  });
}

/** Returns the name of the submission's jobs; earlier versions used the token alone. */
function submittedName({ command = [], token }: Handle): string {
  const flag = "--job-name=";
  return command.find((word) => word.startsWith(flag))?.slice(flag.length) ?? jobTag(token);
}

/** Messages about jobs that have ended or are ending (slurm_errno.h, ESLURM_*JOB_ID, _ALREADY_DONE). */
const GONE = /Invalid job id specified|already completing or completed/;

/** Reads scancel's result: exit code 0 for most ended jobs (recorded: slurm-scancel-finished-task, -nonexistent). */
const readSlurmCancel = (results: CommandResult[]): Answer<null> =>
  readAllDone(results, ({ stderr }) => isEvery(stderr, GONE));

/**
 * Returns scontrol hold: tasks that run go on, and those of a whole array that are requeued later come back held
 * (scontrol(1), hold; seen with 24.11.5). A whole array is named by its id alone, so that its tasks stay one record.
 */
const holdSlurm = (handles: Handle[], shards: number[] | null): Command[] => scontrol("hold", handles, shards);

/** Returns scontrol release: a user can release only holds of users, not those of an administrator. */
const releaseSlurm = (handles: Handle[], shards: number[] | null): Command[] => scontrol("release", handles, shards);

function scontrol(what: "hold" | "release", handles: Handle[], shards: number[] | null): Command[] {
  return handles.flatMap(({ job_id, chunk }) => {
    const tasks = tasksFor(chunk, shards);
    if (tasks.length === 0) return [];
    const jobs = shards === null ? job_id : `${job_id}_[${formatIndexes(tasks)}]`;
    return [{ argv: ["scontrol", what, jobs], timeout_s: 120 }];
  });
}

/** Divides a throttle between the arrays, at least 1 each; 0 is no limit (scontrol(1), ArrayTaskThrottle). */
function throttleSlurm(handles: Handle[], most: number | null): Command[] {
  const shares = most === null ? [] : dividedBy(most, handles.length);
  return handles.map(({ job_id }, i) => {
    const share = most === null ? 0 : Math.max(1, shares[i] ?? 1);
    return { argv: ["scontrol", "update", `JobId=${job_id}`, `ArrayTaskThrottle=${share}`], timeout_s: 120 };
  });
}

/** Messages about tasks that have ended, and about the others of their array (recorded: slurm-scontrol-*). */
const ENDED = /: (Job has already finished|No error)$|Invalid job id specified|already completing or completed/;

const readSlurmSteer = (results: CommandResult[]): Answer<null> =>
  readAllDone(results, ({ stderr }) => isEvery(stderr, ENDED));

/** Prefix of our lines among banners and names with line breaks (recorded: slurm-squeue-name-newline). */
const MARK = "nsfarm";

/** Queries all jobs of the user with names and comments, since a site's plugin may have changed one of the two. */
function findSlurm(): Command {
  return {
    argv: ["squeue", "--me", "--noheader", "--states=all", `--format=${MARK}|%F|%k|%j`],
    timeout_s: 60,
  };
}

const readSlurmFind = (result: CommandResult, token: string): Answer<string | null> =>
  readFound(result, (text) => hasToken(text, token));

/** Queries nodes with their CPUs as allocated/idle/other/total, and their load (sinfo(1), --format %C %O). */
function querySlurmPool(): Command[] {
  return [{ argv: ["sinfo", "--noheader", "--Node", "--format=%N|%T|%C|%O"], timeout_s: 60 }];
}

/** Reads the load of each node once; a node in several partitions has a line for each. */
function readSlurmPool([result]: CommandResult[]): PoolNode[] {
  const nodes = new Map<string, PoolNode>();
  for (const line of (result?.stdout ?? "").split("\n")) {
    const [name, state, cpus, load] = line.trim().split("|");
    if (!name || state === undefined) continue;
    const [busy, , , total] = (cpus ?? "").split("/").map(Number);
    nodes.set(name, { name, state, cpus: whole(total), cpus_busy: whole(busy), load: decimal(load) });
  }
  return [...nodes.values()];
}

const whole = (value: number | undefined) => value !== undefined && Number.isInteger(value) ? value : null;

/**
 * Communication failures between sbatch and slurmctld, after which the job may still appear: texts of Slurm's
 * communication errors (slurm_errno.h, "communications layer" and "protocol"), and recorded ones.
 */
const NO_ANSWER =
  /Unable to contact slurm controller|Socket timed out|timed out|[Cc]onnect(ion)? (failure|refused|reset)|Zero Bytes were transmitted|Unexpected message received|Message (send|receive) failure|Communication (connection|shutdown) failure|Transport endpoint|Broken pipe|[Tt]emporarily un(able|available)|standby mode|Protocol authentication error|Slurm backup controller/;

/**
 * Refusals, after which nothing is queued: sbatch's own before it calls slurmctld (recorded: slurm-sbatch-crlf,
 * -empty-script, -no-script), and texts of slurmctld's errors for impossible jobs (slurm_errno.h, "Job submission";
 * recorded: slurm-sbatch-array-too-large, -bad-partition, -dep-bad, -mem-too-large).
 */
const REFUSALS = [
  /DOS line breaks|does not look like a batch script|Unable to open file|(unrecognized|invalid|ambiguous) option|requires an argument/,
  /Invalid (job array|partition name|account|qos|feature|generic resource|license|wckey|cluster name|node count)/i,
  /Job dependency problem|Job violates accounting\/QOS policy|[A-Z][A-Za-z]*(Max|Grp)[A-Za-z]*Limit/,
  /Requested (node configuration is not available|time limit is invalid|partition configuration not available|reservation)/,
  /More processors requested than permitted|group not permitted to use this partition|Access\/permission denied/,
  /(Memory|CPU count) specification can not be satisfied|CPU count per node can not be satisfied/,
];

/** `3`, or `3;cluster` in a federation (sbatch(1), --parsable). Sites print banners around it. */
const ID = /^(\d+)(?:;[^\s;]+)?$|^Submitted batch job (\d+)/;

/**
 * Refusals by a limit on jobs in the queue, by their reason codes (job_reason_codes.html; resource_limits.html,
 * MaxSubmitJobs, GrpSubmitJobs): fewer jobs, or the same ones later, are accepted. The sentence beside the code names a
 * submit limit also where a job asks for too much.
 */
const QUEUE_FULL = /\b(Assoc|QOS)(Max|Grp)Submit[A-Za-z]*Limit\b/;

/** Advice for the most common refusals of sbatch. */
const ADVICE: [RegExp, string][] = [
  [/Invalid job array specification/, "the array is larger than this Slurm allows; render the run on this machine"],
  [
    /AssocMaxSubmitJobLimit|QOSMaxSubmitJob|MaxSubmitJob|submit limit|job submit limit/,
    "you have too many jobs in the queue; wait, or put several shards into a job with --shards-per-job",
  ],
  [/Invalid partition name/, "sinfo lists the partitions; choose one with --slurm-partition"],
  [/Invalid account/, "sacctmgr show user $USER withassoc lists your accounts; choose one with --slurm-account"],
  [/Invalid qos/, "choose another one with --slurm-qos"],
  [
    /Requested node configuration is not available|Memory specification can not be satisfied/,
    "no node has that many CPUs or that much memory; request less",
  ],
  [/Requested time limit is invalid/, "the partition's time limit is lower; sinfo shows it"],
  [/Invalid feature specification/, "no node has the feature of --slurm-constraint"],
  [/Invalid generic resource/, "no node has the resource of --slurm-gres"],
  [/reservation is invalid/, "scontrol show reservation lists what --slurm-reservation can name"],
  [/DOS line breaks/, "the script was edited on Windows; render the run again"],
];

function explain(message: string): string {
  const advice = ADVICE.find(([pattern]) => pattern.test(message))?.[1];
  return advice === undefined ? message : `${message} (${advice})`;
}

/** Reads sbatch's answer (recorded: slurm-sbatch-*); sbatch exits 0 only with a job id. */
const readSlurmSubmit = (result: CommandResult): SubmitAnswer =>
  readSubmission(result, {
    program: "sbatch",
    id: ID,
    no_answer: NO_ANSWER,
    queue_full: QUEUE_FULL,
    refusals: REFUSALS,
    explain,
  });

/** Longer than MessageTimeout, after which sbatch gives up by itself (10 s by default, slurm.conf(5)). */
const TIMEOUT_S = 120;

/** Returns sbatch with all options as arguments; the script's own are the distance of task and shard, or the groups. */
function submitSlurm(context: RenderContext, chunk: Chunk, token: string): Command {
  const which = readSite(context.options).shards_per_job === 1 ? [`${offsetOf(chunk)}`] : taskWords(chunk);
  const script = `${context.run_dir}/${scriptName(0)}`;
  return {
    argv: ["sbatch", "--parsable", ...directives(context, chunk, token), script, ...which],
    timeout_s: TIMEOUT_S,
  };
}

/** Slurm: array jobs on a file system that the nodes share. */
const slurm = {
  name: "slurm",
  apiVersion: ADAPTER_API_VERSION,
  summary: "array jobs of a Slurm cluster",
  programs: ["sbatch", "squeue", "sacct", "scancel", "scontrol", "sinfo", "sacctmgr"],
  options: [...SLURM_OPTIONS, ...siteOptions(PASSED)],
  limits: { first_index: 0, arrays: true, dependencies: true, file_transfer: false, cancels_by_token: true },
  inJob: SLURM_IN_JOB,
  render: renderSlurm,
  probe: probeSlurm,
  readProbe: readSlurmProbe,
  submit: submitSlurm,
  readSubmit: readSlurmSubmit,
  find: findSlurm,
  readFind: readSlurmFind,
  query: querySlurm,
  readQuery: readSlurmQuery,
  cancel: (_context, handles, shards) => cancelSlurm(handles, shards),
  readCancel: readSlurmCancel,
  hold: (_context, handles, shards) => holdSlurm(handles, shards),
  release: (_context, handles, shards) => releaseSlurm(handles, shards),
  throttle: (_context, handles, most) => throttleSlurm(handles, most),
  readSteer: readSlurmSteer,
  finish: finishSlurm,
  jobLogs: slurmLogs,
  avoiding: (options, node) =>
    `--slurm-exclude ${[textOption(options, "slurm-exclude"), node].filter((name) => name !== undefined).join(",")}`,
  readJobLog: readSlurmJobLog,
  pool: querySlurmPool,
  readPool: readSlurmPool,
} satisfies SchedulerAdapter;
export default slurm;
