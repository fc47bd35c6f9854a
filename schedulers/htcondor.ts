import { FarmError } from "../core/errors.ts";
import { LOGS } from "../core/run_paths.ts";
import type { PoolNode } from "../core/schema/sweep.ts";
import { quoteWord } from "../core/shell_quote.ts";
import {
  ADAPTER_API_VERSION,
  type Answer,
  type Chunk,
  type Command,
  type CommandResult,
  type Finish,
  type Handle,
  type RenderContext,
  type SchedulerAdapter,
  type SubmitAnswer,
} from "./adapter.ts";
import { decimal, readAllDone, readFound, readSubmission } from "./command_result.ts";
import { eventLogs, eventsOf, readLogStates } from "./htcondor/event_log.ts";
import { excludeNodesLine, HTCONDOR_OPTIONS, isSpooled, refuseSpool, submitPath } from "./htcondor/options.ts";
import {
  cancelHTCondor,
  columns,
  discardHTCondor,
  fetchHTCondor,
  holdHTCondor,
  jobConstraint,
  probeHTCondor,
  queryHTCondor,
  readHTCondorProbe,
  readHTCondorQuery,
  readHTCondorSteer,
  releaseHTCondor,
  SPOOL_S,
  throttleHTCondor,
} from "./htcondor/query.ts";
import {
  filesSent,
  freeLines,
  modeOf,
  optionCommands,
  renderHTCondor,
  spoolWords,
  SUBMIT_FILES,
} from "./htcondor/submit_file.ts";
import { HTCONDOR_IN_JOB } from "./in_job.ts";
import { siteOptions, textOption } from "./options.ts";
import { jobTag, taskOf, taskWords } from "./tasks.ts";

/** Reads condor_rm's result: exit code 1 with nothing left to remove is success (recorded: condor-rm-nonexistent). */
const readHTCondorCancel = (results: CommandResult[]): Answer<null> => readAllDone(results, isNoneLeft);

const isNoneLeft = ({ exit_code, stderr }: CommandResult): boolean =>
  exit_code === 1 && /Couldn't find\/remove all jobs/.test(stderr) && !/Failed to connect|CEDAR|SECMAN/.test(stderr);

/** Returns the event log of a shard's cluster, and the output of its job. */
function htcondorLogs({ job_id, chunk }: Handle, shard: number): string[] {
  const mine = taskOf(chunk, shard);
  return mine ? [`${LOGS}/condor.${job_id}.log`, `${LOGS}/condor.${job_id}.shard_${mine.shards.join("+")}.out`] : [];
}

/** Queries one line per slot; a partitionable slot has only the CPUs that no dynamic slot has (condor_status(1)). */
function queryHTCondorPool(): Command[] {
  return [{ argv: ["condor_status", ...columns(["Machine", "State", "Cpus", "TotalLoadAvg"])], timeout_s: 60 }];
}

function readHTCondorPool([result]: CommandResult[]): PoolNode[] {
  const nodes = new Map<string, PoolNode>();
  for (const line of (result?.stdout ?? "").split("\n")) {
    const [, name, state = "", cpus, load] = /^nsfarm\|([^|]+)\|([^|]*)\|([^|]*)\|([^|]*)$/.exec(line) ?? [];
    if (name !== undefined) add(nodes, name, state.toLowerCase(), decimal(cpus), decimal(load));
  }
  return [...nodes.values()];
}

function add(nodes: Map<string, PoolNode>, name: string, state: string, cpus: number | null, load: number | null) {
  const before = nodes.get(name) ?? { name, state, cpus: 0, cpus_busy: 0, load };
  const busy = state === "claimed" ? cpus ?? 0 : 0;
  nodes.set(name, {
    ...before,
    state: state === "claimed" ? state : before.state,
    cpus: (before.cpus ?? 0) + (cpus ?? 0),
    cpus_busy: (before.cpus_busy ?? 0) + busy,
  });
}

/** Queries any job with the token in the queue: one cluster is one submission. */
function findHTCondor(_context: RenderContext, token: string): Command {
  const argv = ["condor_q", "-constraint", jobConstraint(token), "-format", "nsfarm|%d", "ClusterId"];
  return { argv: [...argv, "-format", "|%s\\n", "NsfarmToken"], timeout_s: 60 };
}

const readHTCondorFind = (result: CommandResult, token: string): Answer<string | null> =>
  readFound(result, (tag) => tag === jobTag(token));

const SCRIPT = "condor_finish_job.sh";
const SUBMIT_FILE = "condor_finish_job.sub";

/**
 * Returns a job of the scheduler universe. It starts at once on the submit machine, under the schedd, like DAGMan
 * (HTCondor manual, "Scheduler Universe"), and waits until the event log shows that the run's jobs have ended. A DAG
 * with a final node would only cover jobs that DAGMan itself submits, not those of a retry.
 */
function finishHTCondor(context: RenderContext, _handles: Handle[], token: string): Finish {
  const { run_dir, nsfarm, options } = context;
  if (isSpooled(options)) {
    throw new FarmError(
      "usage",
      "Cannot use --finish with --condor-spool: that job would run beside the schedd, which sees no file of the run",
      "Use --wait, or run nsfarm-deno finish later",
    );
  }
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
      { path: SUBMIT_FILE, text: finishSubmitFile(context, token), executable: false },
    ],
    command: { argv: ["condor_submit", "-terse", `${run_dir}/${SUBMIT_FILE}`], timeout_s: 120 },
  };
}

function finishSubmitFile(context: RenderContext, token: string): string {
  const dir = submitPath("the run directory", context.run_dir);
  return [
    "# Collects and merges the run when its jobs have ended; says in merge_status.json what is missing.",
    "universe = scheduler",
    `initialdir = ${dir}`,
    `executable = ${dir}/${SCRIPT}`,
    `log = ${LOGS}/condor_finish.$(ClusterId).log`,
    `output = ${LOGS}/finish.$(ClusterId).log`,
    `error = ${LOGS}/finish.$(ClusterId).log`,
    `batch_name = ${context.manifest.run_id}`,
    // A site that refuses jobs without such a line refuses this one too.
    ...freeLines(context),
    `My.NsfarmToken = "${jobTag(token)}"`,
    "queue",
    "",
  ].join("\n");
}

/** Failures to reach the schedd (recorded: condor-submit-schedd-down, -no-collector). */
const NO_ANSWER =
  /Failed to connect|Can't find address|CEDAR:\d+|SECMAN:\d+|AUTHENTICATE:\d+|[Tt]imed out|connection (closed|lost)/;

/**
 * Refusals of condor_submit before it calls the schedd (recorded: condor-submit-badsub2, -missing-exe, -syntax-error;
 * submit_utils.cpp). `Failed to commit job submission into the queue` is none: the jobs may exist after it.
 */
const REFUSALS =
  /Failed to (open command|parse command) file|Executable file .* does not exist|invalid Queue statement|on Line \d+ of submit file|No 'executable' parameter|unknown universe|Parse error in (expression|ClassAd)|Can't open "/i;

/**
 * Refusals by a limit of the schedd on jobs (recorded: condor-submit-max-jobs-per-owner; HTCondor manual,
 * MAX_JOBS_PER_OWNER, MAX_JOBS_PER_SUBMISSION, MAX_JOBS_SUBMITTED): fewer jobs, or the same ones later, are accepted. The
 * whole transaction is undone.
 */
const QUEUE_FULL = /would exceed MAX_JOBS_(PER_OWNER|PER_SUBMISSION|SUBMITTED)/;

/** Range of jobs with -terse: `2.0 - 2.11`. */
const RANGE = /^(\d+)\.\d+ - \1\.\d+$/;

const readHTCondorSubmit = (result: CommandResult): SubmitAnswer =>
  readSubmission(result, {
    program: "condor_submit",
    id: RANGE,
    no_answer: NO_ANSWER,
    queue_full: QUEUE_FULL,
    refusals: [REFUSALS],
  });

/**
 * Returns condor_submit with the run's file, whose shards and token `-append` commands replace: they take effect after
 * all other commands of the file and before `queue` (condor_submit(1)). A submission is one transaction: a client that
 * is stopped leaves no jobs (reliability.md, 2b).
 * @throws {FarmError} usage, in transfer mode, for files that cannot be sent
 */
function submitHTCondor(context: RenderContext, chunk: Chunk, token: string): Command {
  const mode = modeOf(context);
  refuseSpool(context.options, mode);
  if (mode === "transfer") filesSent(context);
  const append = [
    `nsfarm_tag = ${jobTag(token)}`,
    `nsfarm_shards = ${taskWords(chunk).join(" ")}`,
    // Present values: a retry can have raised memory or time since the file was written.
    ...optionCommands(context),
  ];
  return {
    argv: [
      "condor_submit",
      "-terse",
      ...spoolWords(context),
      ...append.flatMap((line) => ["-append", line]),
      `${context.run_dir}/${SUBMIT_FILES[mode]}`,
    ],
    timeout_s: isSpooled(context.options) ? SPOOL_S : 120,
  };
}

/** HTCondor: one cluster of jobs, on a shared file system or with its own file transfer. */
const htcondor = {
  name: "htcondor",
  apiVersion: ADAPTER_API_VERSION,
  summary: "jobs of an HTCondor pool, with or without a shared file system",
  programs: [
    "condor_submit",
    "condor_q",
    "condor_history",
    "condor_rm",
    "condor_transfer_data",
    "condor_hold",
    "condor_release",
    "condor_qedit",
    "condor_status",
    "condor_version",
    "condor_config_val",
  ],
  options: [...HTCONDOR_OPTIONS, ...siteOptions([])],
  limits: { first_index: 0, arrays: true, dependencies: true, file_transfer: true, cancels_by_token: true },
  inJob: HTCONDOR_IN_JOB,
  render: renderHTCondor,
  probe: probeHTCondor,
  readProbe: readHTCondorProbe,
  submit: submitHTCondor,
  readSubmit: readHTCondorSubmit,
  find: findHTCondor,
  readFind: readHTCondorFind,
  query: queryHTCondor,
  readQuery: readHTCondorQuery,
  cancel: cancelHTCondor,
  readCancel: readHTCondorCancel,
  fetch: fetchHTCondor,
  discard: (_context, handles, shards) => discardHTCondor(handles, shards),
  hold: holdHTCondor,
  release: releaseHTCondor,
  throttle: throttleHTCondor,
  readSteer: readHTCondorSteer,
  eventLogs,
  readEventLogs: readLogStates,
  eventsOf,
  finish: finishHTCondor,
  jobLogs: htcondorLogs,
  avoiding: (options, node) => excludeNodesLine(node, textOption(options, "condor-requirements")),
  pool: queryHTCondorPool,
  readPool: readHTCondorPool,
} satisfies SchedulerAdapter;
export default htcondor;
