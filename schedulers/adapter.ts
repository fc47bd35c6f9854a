import * as z from "../core/schema/zod.ts";
import { Count } from "../core/schema/enums.ts";
import { DeclaredInJob, NativeState, SchedulerLimits } from "../core/schema/scheduler.ts";
import { PoolNode } from "../core/schema/sweep.ts";
import type { SlotsOn } from "../core/worker_backends.ts";
import { type Answer, answerOf, isBareName, JobId, runsAnything, SubmitAnswer } from "./adapter_answers.ts";
import {
  type Chunk,
  Command,
  type CommandResult,
  Finish,
  type Handle,
  Line,
  LogWord,
  type RenderContext,
  Rendered,
  RunPath,
  SchedulerOption,
} from "./adapter_values.ts";
import { optionFaults } from "./options.ts";

export type { NativeState, Place, SchedulerLimits, SubmitLimit } from "../core/schema/scheduler.ts";
export type * from "./adapter_answers.ts";
export type * from "./adapter_values.ts";

/**
 * Version of the contract that an adapter implements, in its `apiVersion`.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { ADAPTER_API_VERSION } from "nsfarm-deno";
 * assert.equal(ADAPTER_API_VERSION, 1);
 * ```
 */
export const ADAPTER_API_VERSION = 1;

const Program = z.string().check(
  z.refine(isBareName, { error: ({ input }) => `"${input}" is no bare name, to be found on PATH` }),
  z.refine((name) => !runsAnything(name), {
    error: ({ input }) => `"${input}" runs whatever it is given, wanted the scheduler's own programs`,
  }),
);

export const ADAPTER_NAME = /^[a-z][a-z0-9_-]{0,31}$/;

/** Facts of an adapter: everything except its functions. */
export const AdapterFacts = z.strictObject({
  name: z.string().check(z.regex(ADAPTER_NAME, "wanted small letters, digits, - and _, first a letter, 32 at most")),
  apiVersion: z.literal(ADAPTER_API_VERSION, `this nsfarm-deno knows apiVersion ${ADAPTER_API_VERSION}`),
  summary: Line.check(z.maxLength(200)),
  /** The only programs that the host runs for it (argv[0]): bare names, no shell or interpreter. */
  programs: z.array(Program).check(z.minLength(1)),
  options: z.array(SchedulerOption).check(({ value, issues }) => {
    for (const message of optionFaults(value)) issues.push({ code: "custom", input: value, message });
  }),
  limits: z.strictObject({
    /** First task index of an array (Grid Engine: 1). */
    first_index: Count,
    arrays: z.boolean(),
    dependencies: z.boolean(),
    file_transfer: z.boolean(),
    /** Whether the host itself sends inputs to the shards, so that the run directory needs no copy of them. */
    sends_inputs: z.exactOptional(z.boolean()),
    /** Whether a shard that the scheduler no longer knows may have run, its files still on their way (default: yes). */
    files_may_be_late: z.exactOptional(z.boolean()),
    /** Whether `cancel` of a whole submission uses only its token, so that it also cancels unknown jobs of it. */
    cancels_by_token: z.exactOptional(z.boolean()),
  }),
  /** Variables that a job sees of the scheduler, as data: kept with a run, and read in its jobs without an adapter. */
  inJob: z.exactOptional(DeclaredInJob),
}).check(({ value: { inJob, options }, issues }) => {
  for (const [i, { option }] of (inJob?.ends_at ?? []).entries()) {
    if (option === undefined || options.some(({ name }) => name === option)) continue;
    const message = `there is no option "${option}"`;
    issues.push({ code: "custom", input: option, path: ["inJob", "ends_at", i, "option"], message });
  }
});
export type AdapterFacts = z.infer<typeof AdapterFacts>;

/**
 * Functions of an adapter. They are pure: they say what to write and what to run, and read the results. A new function
 * needs a line in IS_REQUIRED, one in returnSchemas, and a check in runtime/plugin/check; without them nothing
 * compiles.
 */
export interface AdapterCalls {
  /** Returns the files to write and the groups of shards. @throws {FarmError} usage, for invalid options */
  render(context: RenderContext): Rendered;

  /**
   * Returns the commands that query the limits; readProbe receives their results in the same order.
   * @param user login name, where limits differ between users
   */
  probe(user?: string): Command[];
  /** Reads the limits from the results of the probe's commands. */
  readProbe(results: CommandResult[]): SchedulerLimits;

  /** Returns the command that submits a chunk with a token (in the job's name and in its comment). */
  submit(context: RenderContext, chunk: Chunk, token: string): Command;
  /** Reads the job id; `refused` only for texts that are known refusals. */
  readSubmit(result: CommandResult): SubmitAnswer;

  /** Returns the command that searches for a submission by its token. */
  find(context: RenderContext, token: string): Command;
  /** Reads the id of the job with the token; `ok` with null: no such job is queued or running. */
  readFind(result: CommandResult, token: string): Answer<string | null>;

  /** Returns the queries for all handles, in as few calls as possible. Round 1: the history. []: nothing to ask. */
  query(context: RenderContext, handles: Handle[], round: number): Command[];
  /**
   * Reads the states of shards from the results of one round. Omits tasks that the scheduler does not report; `ok` with
   * [] if the history is not available.
   */
  readQuery(results: CommandResult[], handles: Handle[], round: number): Answer<NativeState[]>;

  /** Returns the commands that cancel the handles' jobs, or only some of their shards. */
  cancel(context: RenderContext, handles: Handle[], shards: number[] | null): Command[];
  /** Reads whether all jobs were cancelled, or had already ended. */
  readCancel(results: CommandResult[]): Answer<null>;

  /** Returns the commands (exit code 0) that copy results kept by the scheduler to the run's folder `fetched`, or []. */
  fetch?(context: RenderContext, handles: Handle[]): Command[];
  /** Returns the commands that remove ended jobs of these shards with their results, which the run has by now. */
  discard?(context: RenderContext, handles: Handle[], shards: number[]): Command[];

  /** Returns the commands that keep waiting jobs of the handles, or of some shards, from starting; others go on. */
  hold?(context: RenderContext, handles: Handle[], shards: number[] | null): Command[];
  /** Returns the commands that undo `hold` for these jobs; holds of others stay where the scheduler tells them apart. */
  release?(context: RenderContext, handles: Handle[], shards: number[] | null): Command[];
  /**
   * Returns the commands after which at most `most` jobs of all handles run at a time; those that run beyond it go on.
   * @param most null: no limit
   */
  throttle?(context: RenderContext, handles: Handle[], most: number | null): Command[];
  /** Reads whether all commands of hold, release or throttle took effect, or their jobs had already ended. */
  readSteer?(results: CommandResult[]): Answer<null>;

  /**
   * Returns files in the run directory in which the scheduler itself logs the events of these jobs (HTCondor's job
   * event log). They are read before any query, and the state of an ended job in them is final.
   */
  eventLogs?(handles: Handle[]): string[];
  /**
   * Reads the states from these files.
   * @param texts of the files from eventLogs, in the same order; null: absent or unreadable
   */
  readEventLogs?(texts: (string | null)[], handles: Handle[]): NativeState[];
  /**
   * Returns the events of one shard's job from such a file, for users.
   * @param telling whether to return only events that may explain why the shard is not done
   */
  eventsOf?(text: string, handle: Handle, shard: number, telling?: boolean): string;

  /** Returns a job that runs `nsfarm-deno finish` after the jobs of these handles have ended, successful or not. */
  finish?(context: RenderContext, handles: Handle[], token: string): Finish;

  /** Returns the files that a shard's job writes, relative to the run directory, newest last. Some may be absent. */
  jobLogs?(handle: Handle, shard: number): string[];
  /** Reads the scheduler's message about the job's end from such a file ("DUE TO TIME LIMIT"), or null. */
  readJobLog?(text: string): LogWord | null;
  /** Returns the arguments of `retry` that exclude this node, in addition to the nodes that `options` exclude. */
  avoiding?(options: RenderContext["options"], node: string): string;

  /** Returns the commands that query the load of the pool's machines, before and after each run of a sweep. */
  pool?(): Command[];
  /**
   * Reads the load of each machine.
   * @param results of the commands from pool, all with exit code 0
   */
  readPool?(results: CommandResult[]): PoolNode[];
}

/**
 * A scheduler. It may not read, write, run a program or read the clock; the host does all of that.
 *
 * @example
 * ```ts
 * import type { SchedulerAdapter } from "nsfarm-deno";
 * const facts: Pick<SchedulerAdapter, "name" | "apiVersion" | "summary" | "programs" | "inJob"> = {
 *   name: "tsp",
 *   apiVersion: 1,
 *   summary: "jobs of a task spooler on this machine",
 *   programs: ["tsp"],
 *   inJob: { cpus: [{ variable: "TSP_SLOTS" }], record: ["TSP_SLOTS"] },
 * };
 * const find: SchedulerAdapter["find"] = (_context, _token) => ({ argv: ["tsp", "-l"], timeout_s: 30 });
 * ```
 */
export interface SchedulerAdapter extends AdapterFacts, AdapterCalls {}

export type AdapterCall = keyof AdapterCalls;

/** A scheduler with programs of its own. Every plugin is one, and need not set `kind`. */
type BatchBackend = SchedulerAdapter & { kind?: undefined; slots_on?: undefined };

type OnlyBatch = { [M in Exclude<AdapterCall, "render"> | "inJob"]?: undefined };

/**
 * A worker loop in place of a scheduler, on the machine where the run is submitted. It is started, found and
 * stopped by its file in the run directory, so there is nothing to query.
 */
export interface WorkerBackend
  extends Pick<AdapterFacts, "name" | "summary" | "options">, Pick<AdapterCalls, "render">, OnlyBatch {
  kind: "worker";
  /** Machines of the loop's slots. */
  slots_on: SlotsOn;
  /** Additional arguments of `work` for a submission. */
  words: string[];
  limits: Partial<AdapterFacts["limits"]>;
}

/** Implementation that runs the shards of a run. */
export type Backend = BatchBackend | WorkerBackend;

/** Every function of an adapter, and whether it is required. */
export const IS_REQUIRED: { readonly [M in AdapterCall]-?: undefined extends AdapterCalls[M] ? false : true } = {
  render: true,
  probe: true,
  readProbe: true,
  submit: true,
  readSubmit: true,
  find: true,
  readFind: true,
  query: true,
  readQuery: true,
  cancel: true,
  readCancel: true,
  fetch: false,
  discard: false,
  hold: false,
  release: false,
  throttle: false,
  readSteer: false,
  eventLogs: false,
  readEventLogs: false,
  eventsOf: false,
  finish: false,
  jobLogs: false,
  readJobLog: false,
  avoiding: false,
  pool: false,
  readPool: false,
};

/** Returns whether a name is that of an adapter's function. */
export const isAdapterCall = (name: string): name is AdapterCall => Object.hasOwn(IS_REQUIRED, name);

/** Names of all functions of an adapter. */
export const ADAPTER_CALLS: readonly AdapterCall[] = Object.keys(IS_REQUIRED).filter(isAdapterCall);

/** Schema of each function's result. */
type ReturnSchemas = {
  readonly [M in AdapterCall]: z.ZodMiniType<ReturnType<Required<AdapterCalls>[M]>>;
};

/** Returns the schema of each function's result; commands may run only `programs`. */
export function returnSchemas(programs: readonly string[]): ReturnSchemas {
  const Own = Command.check(({ value: { argv: [program = ""] }, issues }) => {
    if (programs.includes(program)) return;
    const message = `runs "${program}", wanted one of its programs: ${programs.join(", ")}`;
    issues.push({ code: "custom", input: program, path: ["argv", 0], message });
  });
  return {
    render: Rendered,
    probe: z.array(Own),
    readProbe: SchedulerLimits,
    submit: Own,
    readSubmit: SubmitAnswer,
    find: Own,
    readFind: answerOf(z.nullable(JobId)),
    query: z.array(Own),
    readQuery: answerOf(z.array(NativeState)),
    cancel: z.array(Own),
    readCancel: answerOf(z.null()),
    fetch: z.array(Own),
    discard: z.array(Own),
    hold: z.array(Own),
    release: z.array(Own),
    throttle: z.array(Own),
    readSteer: answerOf(z.null()),
    eventLogs: z.array(RunPath),
    readEventLogs: z.array(NativeState),
    eventsOf: z.string(),
    finish: z.extend(Finish, { command: Own }),
    jobLogs: z.array(RunPath),
    readJobLog: z.nullable(LogWord),
    avoiding: z.string().check(z.minLength(1)),
    pool: z.array(Own),
    readPool: z.array(PoolNode),
  };
}
