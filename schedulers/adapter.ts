import * as z from "zod/mini";
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

export type { NativeState, Place, SchedulerLimits, SubmitLimit } from "../core/schema/scheduler.ts";
export type * from "./adapter_answers.ts";
export type * from "./adapter_values.ts";

/**
 * The version of the contract that an adapter is written for, in its `apiVersion`.
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

/** What an adapter is, without its functions. */
export const AdapterFacts = z.strictObject({
  name: z.string().check(z.regex(ADAPTER_NAME, "wanted small letters, digits, - and _, first a letter, 32 at most")),
  apiVersion: z.literal(ADAPTER_API_VERSION, `this nsfarm-deno knows apiVersion ${ADAPTER_API_VERSION}`),
  summary: Line.check(z.maxLength(200)),
  /** The only argv[0] the host will run for it: bare names, no shell or interpreter. */
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
    /** Whether the host itself sends the inputs to where shards run: then no copy is made in the run directory. */
    sends_inputs: z.exactOptional(z.boolean()),
    /** Whether a shard that it does not know any more may have run, its files still on their way (default: yes). */
    files_may_be_late: z.exactOptional(z.boolean()),
    /** `cancel` of a whole submission goes by its token alone, so that a job of it that nobody knows is cancelled too. */
    cancels_by_token: z.exactOptional(z.boolean()),
  }),
  /** What a job sees of it, as data: kept with a run, and read in its jobs, where no adapter is loaded. */
  inJob: z.exactOptional(DeclaredInJob),
}).check(({ value: { inJob, options }, issues }) => {
  for (const [i, { option }] of (inJob?.ends_at ?? []).entries()) {
    if (option === undefined || options.some(({ name }) => name === option)) continue;
    const message = `there is no option "${option}"`;
    issues.push({ code: "custom", input: option, path: ["inJob", "ends_at", i, "option"], message });
  }
});
export type AdapterFacts = z.infer<typeof AdapterFacts>;

/** Names and roles are there once, and a default is a value that the option itself would take. */
function optionFaults(options: SchedulerOption[]): string[] {
  const twice = (values: string[]) => values.filter((value, i) => values.indexOf(value) !== i);
  return [
    ...twice(options.map(({ name }) => name)).map((name) => `--${name} is there twice`),
    ...twice(options.flatMap(({ role }) => role ?? [])).map((role) => `two limit the ${role}`),
    ...options.filter((option) => option.default !== undefined && !isTaken(option, option.default))
      .map(({ name }) => `--${name} has a default that it would not take itself`),
  ];
}

function isTaken(
  { type, min = -Infinity, max = Infinity, choices, pattern }: SchedulerOption,
  value: unknown,
): boolean {
  if (type === "boolean") return typeof value === "boolean";
  if (type === "strings") return Array.isArray(value) && value.every((one) => typeof one === "string");
  if (type !== "string" && type !== "path") {
    return typeof value === "number" && value >= min && value <= max && (type === "number" || Number.isInteger(value));
  }
  if (typeof value !== "string" || (choices && !choices.includes(value))) return false;
  return pattern === undefined || new RegExp(`^(?:${pattern})$`).test(value);
}

/**
 * What an adapter does, as pure functions: it says what to write and what to run, and reads what came back. A function
 * more is a line in IS_REQUIRED, one in returnSchemas, and a check in runtime/plugin/check; without them it does not compile.
 */
export interface AdapterCalls {
  /** Files to write and how shards are grouped. Throws FarmError usage on options that cannot be. */
  render(context: RenderContext): Rendered;

  /**
   * What to ask to learn the limits; readProbe gets the results in the same order.
   * @param user login name, where limits differ from user to user
   */
  probe(user?: string): Command[];
  /** Reads the limits out of what the probe's commands printed. */
  readProbe(results: CommandResult[]): SchedulerLimits;

  /** The command that submits a chunk under a token (in the job's name and in its comment). */
  submit(context: RenderContext, chunk: Chunk, token: string): Command;
  /** Reads the id of the job; `refused` only in words that are known to be a refusal. */
  readSubmit(result: CommandResult): SubmitAnswer;

  /** Looks for a submission by its token. `ok` with null: nothing of it is queued or running. */
  find(context: RenderContext, token: string): Command;
  /** Reads the id of the job that bears the token. */
  readFind(result: CommandResult, token: string): Answer<string | null>;

  /**
   * All handles in as few calls as can be; round 1 asks history for those still missing; [] = no more to ask. Of tasks
   * that a scheduler does not tell of, nothing is said. A history that cannot be asked is no obstacle: `ok` with [].
   */
  query(context: RenderContext, handles: Handle[], round: number): Command[];
  /** Reads the states of shards that the commands of one round told of. */
  readQuery(results: CommandResult[], handles: Handle[], round: number): Answer<NativeState[]>;

  /** Stops the handles' jobs, or only some of their shards. */
  cancel(context: RenderContext, handles: Handle[], shards: number[] | null): Command[];
  /** Reads whether all were stopped, or had ended before. */
  readCancel(results: CommandResult[]): Answer<null>;

  /**
   * Files in the run directory in which the scheduler itself writes what becomes of these jobs (HTCondor's job event
   * log); they are read before anything is asked, and what they say of an ended job stands.
   */
  eventLogs?(handles: Handle[]): string[];
  /**
   * Reads the states that such files tell.
   * @param texts of the files that eventLogs named, in that order; null: not there, or unreadable
   */
  readEventLogs?(texts: (string | null)[], handles: Handle[]): NativeState[];
  /**
   * What such a file says of one shard's job, for a person to read.
   * @param telling only what may tell why the shard is not done
   */
  eventsOf?(text: string, handle: Handle, shard: number, telling?: boolean): string;

  /** A job that runs `nsfarm-deno finish` when the jobs of these handles have ended, however they ended. */
  finish?(context: RenderContext, handles: Handle[], token: string): Finish;

  /** Files, relative to the run directory, that a shard's job writes into; newest last. Some may not be there. */
  jobLogs?(handle: Handle, shard: number): string[];
  /** What the scheduler wrote into such a file about the job's end ("DUE TO TIME LIMIT"), or null. */
  readJobLog?(text: string): LogWord | null;
  /** The words of a `retry` whose jobs go to this node no more, nor where `options` forbid it already. */
  avoiding?(options: RenderContext["options"], node: string): string;

  /** What to ask about how busy its machines are; asked before and after each run of a sweep. */
  pool?(): Command[];
  /**
   * Reads how busy each machine is.
   * @param results of the commands that pool named, all with exit code 0
   */
  readPool?(results: CommandResult[]): PoolNode[];
}

/**
 * A scheduler. It has no permission to read, write, run or ask the time; the host does all of that.
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

/** A scheduler with programs of its own. Every plugin is one, and need not say so. */
type BatchBackend = SchedulerAdapter & { kind?: "batch"; slots_on?: undefined };

type OnlyBatch = { [M in Exclude<AdapterCall, "render"> | "inJob"]?: undefined };

/**
 * No scheduler: a worker loop of ours, on the machine where the run is submitted. The host starts, finds and stops it by
 * its file in the run directory, so that there is nothing to ask and nothing to read.
 */
export interface WorkerBackend
  extends Pick<AdapterFacts, "name" | "summary" | "options">, Pick<AdapterCalls, "render">, OnlyBatch {
  kind: "worker";
  /** How the loop gets its slots. */
  slots_on: SlotsOn;
  /** The further words of `work` when it is started for a submission. */
  words: string[];
  limits: Partial<AdapterFacts["limits"]>;
}

/** What runs the shards of a run. */
export type Backend = BatchBackend | WorkerBackend;

/** Every function of an adapter, and whether there is none without it. */
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

/** Whether a name is that of an adapter's function. */
export const isAdapterCall = (name: string): name is AdapterCall => Object.hasOwn(IS_REQUIRED, name);

/** All names of an adapter's functions. */
export const ADAPTER_CALLS: readonly AdapterCall[] = Object.keys(IS_REQUIRED).filter(isAdapterCall);

/** What each function returns. */
type ReturnSchemas = {
  readonly [M in AdapterCall]: z.ZodMiniType<ReturnType<Required<AdapterCalls>[M]>>;
};

/** Returns the schema of what each function of an adapter returns; only `programs` may be run. */
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
