import { basename } from "node:path";
import { FarmError } from "../../core/errors.ts";
import { durationSeconds } from "../../core/flags.ts";
import { FETCHED, INCOMING, LOGS, MANIFEST } from "../../core/run_paths.ts";
import { quoteWord } from "../../core/shell_quote.ts";
import { INPUTS, startFiles, STARTS } from "../../core/staging.ts";
import { renderTemplate, verbatim } from "../../core/template.ts";
import { VERSION } from "../../core/version.ts";
import launcherTemplate from "../../templates/condor_job.sh.mustache" with { type: "text" };
import sharedTemplate from "../../templates/condor_job.sub.mustache" with { type: "text" };
import transferTemplate from "../../templates/condor_job_transfer.sub.mustache" with { type: "text" };
import type { Chunk, RenderContext, Rendered, RenderedFile, SchedulerOption } from "../adapter.ts";
import { isSentImage, JOB_WRAPPER, launchLines, renderJobWrapper, setupLines, threadsWarning } from "../job_wrapper.ts";
import { countOption, listOption, type Options, readSite, textOption } from "../options.ts";
import { groupedChunk, groupsOf, jobTag, taskWords } from "../tasks.ts";
import { HTCONDOR_IN_JOB } from "../in_job.ts";
import {
  bareWordWarnings,
  HTCONDOR_OPTIONS,
  isSpooled,
  listedPath,
  readSubmitLines,
  refuseSpool,
  spooledPath,
  submitExpression,
  submitPath,
  submitValue,
} from "./options.ts";

/** Maximum number of jobs in a cluster; their words must fit into an argument of condor_submit (128 KiB, execve(2)). */
const MAX_JOBS = 10_000;

function htcondorChunks({ shards, options, limits }: RenderContext): Chunk[] {
  const most = Math.max(1, Math.min(MAX_JOBS, limits.max_submit_jobs ?? Infinity));
  const groups = groupsOf(shards, readSite(options).shards_per_job);
  return groupsOf(groups, most).map((mine, index) => groupedChunk(index, mine));
}

/** Returns a text as a ClassAd string (HTCondor manual, "ClassAd Syntax"). */
export const adString = (text: string): string => `"${text.replaceAll(/[\\"]/g, "\\$&")}"`;

/** Returns whether jobs in transfer mode run nsfarm-deno itself: 86 MB per job, so only on request. */
const sendsBinary = ({ manifest }: RenderContext): boolean =>
  manifest.farm.mode === "transfer" && manifest.farm.wrapper === "binary";

/** Returns the error for inputs that are not in the run: large or absolute ones are copied only on request. */
function notStaged(run_id: string): FarmError {
  return new FarmError(
    "usage",
    `Cannot send the inputs of the run ${run_id} to HTCondor's nodes: they are large, or named by absolute paths, so ` +
      "they were not copied into a run for a shared file system",
    "Render it with --mode transfer",
  );
}

/** Returns the files that a job in transfer mode receives. @throws {FarmError} usage, for paths that no list holds */
export function filesSent(context: RenderContext): string[] {
  const { manifest, nsfarm, options } = context;
  if (manifest.farm.staged_config === undefined) throw notStaged(manifest.run_id);
  const { container } = readSite(options);
  const spooled = isSpooled(options);
  // Spooled jobs begin in the folder FETCHED of the run.
  const own = (name: string) => spooled ? `../${name}` : name;
  const other = (what: string, path: string) => listedPath(what, spooled ? spooledPath(what, path) : path);
  return [
    own(INPUTS),
    ...(startFiles(manifest).length > 0 ? [own(STARTS)] : []),
    other("nextstat", manifest.nextstat_bin),
    ...(sendsBinary(context) ? [own(MANIFEST), other("nsfarm-deno", nsfarm)] : []),
    ...(isSentImage(container) ? [other("the container image", container)] : []),
  ];
}

type Mode = "shared" | "transfer";

/** Returns how jobs access their files: by an option of this command, else as the run was rendered. */
export function modeOf({ manifest, options }: RenderContext): Mode {
  const requested = textOption(options, "mode");
  return (requested ?? manifest.farm.mode) === "transfer" ? "transfer" : "shared";
}

export const SUBMIT_FILES: Record<Mode, string> = {
  shared: "condor_job.sub",
  transfer: "condor_job_transfer.sub",
};

const requestedCpus = (options: Options): number => countOption(options, "condor-request-cpus") ?? 1;

/** Hold codes after which a job cannot succeed unchanged: over its memory, or over its time. */
const HOPELESS = [34, 46, 47];

const IS_HOPELESS = `JobStatus == 5 && (${HOPELESS.map((code) => `HoldReasonCode == ${code}`).join(" || ")})`;

/**
 * Keeps a completed job in the queue, with its results in the schedd's spool, until it is removed; HTCondor's default
 * for spooled jobs, 10 days, is not the same in all versions (submit_utils.cpp, SetLeaveInQueue).
 */
const UNTIL_FETCHED = "JobStatus == 4 && (CompletionDate =?= undefined || time() - CompletionDate < 864000)";

/** Command of a submit file with its value; undefined: it has no line. */
type SubmitCommand = readonly [command: string, value: string | number | undefined];

/** Returns the commands that follow from the options. @throws {FarmError} usage */
function ownCommands({ options }: RenderContext): SubmitCommand[] {
  const { env } = readSite(options);
  return [
    ...HTCONDOR_OPTIONS.flatMap((option) => commandsOf(option, options)),
    // Only the names of --env. `environment` would be the alternative, but drops values with ; or " (23.9.6).
    ["getenv", env.length === 0 ? undefined : env.join(", ")],
    ["leave_in_queue", isSpooled(options) ? UNTIL_FETCHED : undefined],
  ];
}

/**
 * Returns the commands that follow from an option: the one that its `native` names, and after the time limit the rule
 * that removes jobs over their limits.
 * @throws {FarmError} usage
 */
function commandsOf(option: SchedulerOption, options: Options): SubmitCommand[] {
  const { name, type, native = "", role, placeholder } = option;
  if (!/^\w+$/.test(native)) return [];
  if (role === "cpus") return [[native, requestedCpus(options)]];
  if (type === "integer") return [[native, countOption(options, name)]];
  const text = textOption(options, name);
  // Such a job would stay held; a user's retry decides what to change.
  if (role === "time") return [[native, text && durationSeconds(`--${name}`)(text)], ["periodic_remove", IS_HOPELESS]];
  return [[native, text && (placeholder === "EXPRESSION" ? submitExpression(name, text) : submitValue(text))]];
}

const CONDOR_LINE = "condor-line";

/** Returns the user's own lines of the submit file. @throws {FarmError} usage, for a line that is ours */
export const freeLines = (context: RenderContext): string[] =>
  readSubmitLines(listOption(context.options, CONDOR_LINE), ownCommands(context).map(([command]) => command));

/** Returns the commands of the submit description for the options. @throws {FarmError} usage */
export function optionCommands(context: RenderContext): string[] {
  const own = ownCommands(context);
  return [
    ...own.flatMap(([command, value]) => value === undefined ? [] : [`${command} = ${value}`]),
    ...freeLines(context),
    ...concurrencyLines(context),
  ];
}

const LAUNCHER = "condor_job.sh";
const SANDBOX_LAUNCHER = "condor_job_transfer.sh";

/** Folder in which the logs of a spooled job arrive. */
const FETCHED_LOGS = `${FETCHED}/${LOGS}`;

/** Returns the arguments of condor_submit that copy all files of the jobs to the schedd. */
export const spoolWords = ({ options }: RenderContext): string[] => isSpooled(options) ? ["-spool"] : [];

/** Writes both submit files, for any mode, and their scripts. @throws {FarmError} usage */
export function renderHTCondor(context: RenderContext): Rendered {
  const chunks = htcondorChunks(context);
  refuseSpool(context.options, modeOf(context));
  const problem = transferProblem(context);
  if (problem && modeOf(context) === "transfer") throw problem;
  const transfer = problem ? [] : [submitFile(context, "transfer")];
  const launchers = [
    ...(sharedWrapper(context) === "binary" ? [launcher(context, false)] : []),
    ...(sendsBinary(context) ? [launcher(context, true)] : []),
  ];
  return {
    files: [
      submitFile(context, "shared"),
      ...transfer,
      ...launchers,
      renderJobWrapper(context, "htcondor", HTCONDOR_IN_JOB),
    ],
    chunks,
    warnings: [
      ...threadsWarning(context.manifest.threads, requestedCpus(context.options), "condor-request-cpus"),
      ...sharedWarning(context),
      ...bareWordWarnings(listOption(context.options, CONDOR_LINE)),
      ...(problem ? [`${SUBMIT_FILES.transfer} was not written: ${problem.message}`] : []),
    ],
    by_hand: [["condor_submit", ...spoolWords(context), `${context.run_dir}/${SUBMIT_FILES[modeOf(context)]}`]],
    folders: [LOGS, INCOMING, ...(isSpooled(context.options) ? [FETCHED_LOGS] : [])],
  };
}

/** Returns a warning about jobs that no machine will match, which HTCondor would leave waiting. */
function sharedWarning(context: RenderContext): string[] {
  const { places = [] } = context.limits;
  if (modeOf(context) === "transfer" || places.length === 0 || places.some((one) => one.shares_files !== false)) {
    return [];
  }
  return ["no machine of this pool shares files with this machine (FileSystemDomain): use --mode transfer"];
}

function transferProblem(context: RenderContext): Error | undefined {
  try {
    filesSent(context);
    return undefined;
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  }
}

/** Returns the wrapper of the shared submit file; in transfer mode --wrapper applies to the transfer file only. */
const sharedWrapper = ({ manifest: { farm } }: RenderContext): "binary" | "sh" =>
  farm.mode === "transfer" ? "binary" : farm.wrapper;

function submitFile(context: RenderContext, mode: Mode): RenderedFile {
  const { manifest, run_dir } = context;
  const path = SUBMIT_FILES[mode];
  const binary = mode === "shared" ? sharedWrapper(context) === "binary" : sendsBinary(context);
  const script = !binary ? JOB_WRAPPER : mode === "shared" ? LAUNCHER : SANDBOX_LAUNCHER;
  const words = taskWords(groupedChunk(0, groupsOf(context.shards, readSite(context.options).shards_per_job)));
  const spooled = mode === "transfer" && isSpooled(context.options);
  const dir = submitPath("the run directory", run_dir);
  const text = renderTemplate(mode === "shared" ? sharedTemplate : transferTemplate, {
    run_id: manifest.run_id,
    version: VERSION,
    path: verbatim(quoteWord(`${run_dir}/${path}`)),
    logs: verbatim(`${run_dir}/${LOGS}`),
    shards: verbatim(groupsOf(words, 20).map((line) => line.join(" ")).join(" \\\n  ")),
    tag: jobTag(manifest.farm.run_token),
    run_dir: verbatim(dir),
    initialdir: verbatim(spooled ? `${dir}/${FETCHED}` : dir),
    spooled,
    executable: verbatim(submitPath("the run directory", `${run_dir}/${script}`)),
    arguments: verbatim(`${binary ? "" : `${mode} `}$(nsfarm_shard) $(ClusterId) $(ProcId) $(nsfarm_tag)`),
    commands: optionCommands(context).map(verbatim),
    // A spooled job has a log of its own, which arrives with its results.
    log: verbatim(`${LOGS}/condor.$(ClusterId)${spooled ? ".shard_$(nsfarm_shard)" : ""}.log`),
    output: verbatim(`${LOGS}/condor.$(ClusterId).shard_$(nsfarm_shard).out`),
    ...(mode === "shared" ? {} : { sent: verbatim(filesSent(context).join(", ")) }),
  }, submitValue);
  return { path, text, executable: false };
}

/** Arguments of the sh wrapper in the shell variables of the launcher. */
const WRAPPER_ARGS = `"$shards" "$NSFARM_CONDOR_CLUSTER" "$NSFARM_CONDOR_PROC" "$NSFARM_TOKEN"`;

function launcher(context: RenderContext, sandbox: boolean): RenderedFile {
  const { manifest, run_dir, nsfarm, options } = context;
  const name = sandbox ? SANDBOX_LAUNCHER : LAUNCHER;
  const site = readSite(options);
  const launch = launchLines(context, site, { shards: "$shards", wrapper_args: sandbox ? undefined : WRAPPER_ARGS });
  const text = renderTemplate(launcherTemplate, {
    run_id: verbatim(manifest.run_id),
    name: verbatim(name),
    version: verbatim(VERSION),
    run_dir: sandbox ? "." : run_dir,
    nsfarm: sandbox ? `./${basename(nsfarm)}` : nsfarm,
    sandbox,
    sent_nextstat: `./${basename(manifest.nextstat_bin)}`,
    launch: verbatim(`${setupLines(site)}${launch}`.trimEnd()),
  }, quoteWord);
  return { path: name, text, executable: true };
}

/** CONCURRENCY_LIMIT_DEFAULT of HTCondor, for pools whose negotiator does not answer. */
const USUAL_LIMIT = 2_308_032;

/** Digits of a part of the limit after the point, so that most parts fit in and one more does not. */
const FINE = 1e6;

/**
 * Returns the concurrency limit of a run's jobs, of which each uses one part: the negotiator then starts no job beyond
 * `most` (HTCondor manual, "Concurrency Limits": an undefined limit is CONCURRENCY_LIMIT_DEFAULT, and a job may use
 * any amount of it). It works for jobs in the queue; max_materialize does not, since it counts the held and idle ones.
 */
export function concurrencyLimit({ manifest, limits }: RenderContext, most: number): string {
  const part = Math.floor((limits.concurrency_limit ?? USUAL_LIMIT) / most * FINE) / FINE;
  return `${limitName(manifest)}:${part}`;
}

/** Returns the name of the concurrency limit of a run's jobs. */
export const limitName = ({ farm }: RenderContext["manifest"]): string => `nsfarm_${farm.copy_token ?? farm.run_token}`;

/** A user's line of the submit file that sets concurrency limits. */
const OWN_LIMIT = /^\s*(\+|my\.)?concurrency_?limits\s*=/i;

/** Returns the line that throttles a run's jobs from their submission; none where the user's own lines limit them. */
function concurrencyLines(context: RenderContext): string[] {
  const own = listOption(context.options, "condor-line").some((line) => OWN_LIMIT.test(line));
  return own || !context.throttle ? [] : [`concurrency_limits = ${concurrencyLimit(context, context.throttle)}`];
}
