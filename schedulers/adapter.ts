import type { FarmManifest, OptionValue } from "../core/contracts/manifest.ts";
import type { ShardState } from "../core/contracts/kinds.ts";
import type { PoolNode } from "../core/contracts/sweep.ts";
import type { NativeState } from "../core/native_state.ts";

export const ADAPTER_API_VERSION = 1;

/** A program to run: argv, never a shell string. */
export interface Command {
  /** argv[0] is one of the adapter's `programs`. */
  argv: string[];
  stdin?: string;
  /** Working directory; the run directory where absent. */
  cwd?: string;
  timeout_s: number;
}

/** What came back from a Command. */
export interface CommandResult {
  /** null when it was stopped (time-out, output beyond the cap) or could not be started. */
  exit_code: number | null;
  signal: string | null;
  stdout: string;
  stderr: string;
  timed_out: boolean;
  /** Why it could not be started, else null. */
  spawn_error: string | null;
}

/** An option of a scheduler, as data: the host makes flags, help and checks of it. */
export interface SchedulerOption {
  /** The flag without its dashes: `slurm-time`. */
  name: string;
  /** A path is made absolute. */
  type: "string" | "path" | "integer" | "number" | "boolean" | "strings";
  default?: OptionValue;
  /** Whether a run cannot be without it. */
  required?: boolean;
  /** How a value is shown in help: `HH:MM:SS`. */
  placeholder?: string;
  help: string;
  /** What the scheduler itself calls it: `sbatch --time`. */
  native?: string;
  /** A value must match this whole (a regular expression's source); strings only. */
  pattern?: string;
  choices?: string[];
  min?: number;
  /**
   * What the value limits: `retry --more-memory` and `--more-time` raise the option of that role; throttle: jobs at a
   * time; nodes: where jobs may run, and `retry` takes it too.
   */
  role?: "cpus" | "memory" | "time" | "throttle" | "nodes";
}

export interface RenderedFile {
  /** Relative to the run directory, no `..`. */
  path: string;
  text: string;
  executable: boolean;
}

/** A group of shards that one submit command starts. */
export interface Chunk {
  /** Which chunk it is, from 0. */
  index: number;
  shards: number[];
  /**
   * The number by which the scheduler knows the task that runs each of `shards` (array index, ProcId); shards that one
   * job runs share it. Kept with the submission. Absent: 0, 1, 2 …
   */
  tasks?: number[];
  /** How many tasks of this chunk may run at a time; only from render to submit. */
  throttle?: number;
}

/** A submission of ours, as the adapter may ask for it. */
export interface Handle {
  job_id: string;
  token: string;
  chunk: Chunk;
}

/** What the host knows and the adapter may not find out by itself. */
export interface RenderContext {
  manifest: FarmManifest;
  /** Absolute path of the run directory. */
  run_dir: string;
  /** Absolute, resolved path of the nsfarm-deno binary that jobs run. */
  nsfarm: string;
  options: Readonly<Record<string, OptionValue>>;
  /** What the probe said; empty where nothing could be asked. */
  limits: SchedulerLimits;
  /** The shards to render for: all live ones, or those to retry. */
  shards: number[];
}

export interface SchedulerLimits {
  /** Largest array index + 1, or null where there is no limit. */
  max_array_size?: number | null;
  max_submit_jobs?: number | null;
  accounting?: boolean;
  /** Which cluster this machine asks, where several share a file system. */
  cluster?: string;
  version?: string;
  /** How long the scheduler still tells of a job that has ended; poll at least three times in it. */
  job_age_s?: number | null;
  /** Limits on queued jobs that hold for an account, partition or QOS only; null: for each of them. */
  submit_limits?: SubmitLimit[];
  /** Where jobs can run, for preflight to show. */
  places?: Place[];
}

export interface SubmitLimit {
  account: string | null;
  partition: string | null;
  qos: string | null;
  max_submit_jobs: number;
}

/** A partition, or an execute node. */
export interface Place {
  name: string;
  state: string;
  nodes: number | null;
  /** All CPUs of it. */
  cpus: number | null;
  /** Memory of one of its nodes. */
  memory_mb: number | null;
  /** Longest job there, as the scheduler writes it; null: no limit known. */
  time_limit: string | null;
  /** Whether it sees the files of this machine; absent: not known, or a matter of course. */
  shares_files?: boolean;
}

export interface Rendered {
  files: RenderedFile[];
  chunks: Chunk[];
  warnings: string[];
  /** The commands a person may type instead of `submit`, one a chunk. */
  by_hand: string[][];
  /** Folders, relative to the run directory, that must be there before a job starts. */
  folders?: string[];
}

/** A job that ends a run without a driver. */
export interface Finish {
  files: RenderedFile[];
  /** Its answer is read by readSubmit. */
  command: Command;
}

/** What a job's own log tells of its end. */
export interface LogWord {
  state: ShardState;
  /** In words a user knows. */
  reason: string;
}

export type { NativeState };

export type Answer<T> =
  | { kind: "ok"; value: T }
  /** The scheduler said no, for good: nothing was queued. */
  | { kind: "refused"; message: string }
  /** Nothing can be concluded from what came back. */
  | { kind: "unclear"; message: string };

/** What came back from a submission. "refused" only in words that are known to be a refusal. */
export type SubmitAnswer = Exclude<Answer<string>, { kind: "unclear" }> | UnclearSubmission;

/** A submission that may have been taken: its token is looked for. */
export interface UnclearSubmission {
  kind: "unclear";
  message: string;
  /** The scheduler has taken it, and one of these is its job's id; the first where the token cannot be found. */
  ids?: string[];
  /** The scheduler has answered, in words that are not known: its queue as it is now tells whether it has the job. */
  answered?: boolean;
}

/**
 * A scheduler, as pure functions: it says what to write and what to run, and reads what came back.
 * It has no permission to read, write, run or ask the time; the host does all of that.
 */
export interface SchedulerAdapter {
  name: string;
  apiVersion: number;
  summary: string;
  /** The only argv[0] the host will run for it: bare names, no shell or interpreter. */
  programs: string[];
  options: SchedulerOption[];
  limits: {
    /** First task index of an array (Grid Engine: 1). */
    first_index: number;
    arrays: boolean;
    dependencies: boolean;
    file_transfer: boolean;
    /** Whether the host itself sends the inputs to where shards run: then no copy is made in the run directory. */
    sends_inputs?: boolean;
    /** Whether a shard that it does not know any more may have run, its files still on their way (default: yes). */
    files_may_be_late?: boolean;
  };

  /** Files to write and how shards are grouped. Throws FarmError usage on options that cannot be. */
  render(context: RenderContext): Rendered;

  /**
   * What to ask to learn the limits; readProbe gets the results in the same order.
   * @param user login name, where limits differ from user to user
   */
  probe(user?: string): Command[];
  readProbe(results: CommandResult[]): SchedulerLimits;

  /** The command that submits a chunk under a token (in the job's name and in its comment). */
  submit(context: RenderContext, chunk: Chunk, token: string): Command;
  readSubmit(result: CommandResult): SubmitAnswer;

  /** Looks for a submission by its token. `ok` with null: nothing of it is queued or running. */
  find(context: RenderContext, token: string): Command;
  readFind(result: CommandResult, token: string): Answer<string | null>;

  /**
   * All handles in as few calls as can be; round 1 asks history for those still missing; [] = no more to ask. Of tasks
   * that a scheduler does not tell of, nothing is said. A history that cannot be asked is no obstacle: `ok` with [].
   */
  query(context: RenderContext, handles: Handle[], round: number): Command[];
  readQuery(results: CommandResult[], handles: Handle[], round: number): Answer<NativeState[]>;

  /** Stops the handles' jobs, or only some of their shards. */
  cancel(context: RenderContext, handles: Handle[], shards: number[] | null): Command[];
  readCancel(results: CommandResult[]): Answer<null>;

  /**
   * Files in the run directory in which the scheduler itself writes what becomes of these jobs (HTCondor's job event
   * log); they are read before anything is asked, and what they say of an ended job stands.
   */
  eventLogs?(handles: Handle[]): string[];
  /** @param texts of the files that eventLogs named, in that order; null: not there, or unreadable */
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
  /** The words of a `retry` whose jobs go to this node no more, nor where `options` forbid it already. */
  avoiding?(options: RenderContext["options"], node: string): string;

  /** What the scheduler wrote into such a file about the job's end ("DUE TO TIME LIMIT"), or null. */
  readJobLog?(text: string): LogWord | null;

  /** What to ask about how busy its machines are; asked before and after each run of a sweep. */
  pool?(): Command[];
  /** @param results of the commands that pool named, all with exit code 0 */
  readPool?(results: CommandResult[]): PoolNode[];
}
