import * as z from "../core/schema/zod.ts";
import { FLAG_GROUPS } from "../core/flags.ts";
import { ATTEMPTS, CLAIMS, FETCHED, INCOMING, isOurName, LOGS } from "../core/run_paths.ts";
import { Count, Pattern, PositiveCount, ShardState } from "../core/schema/enums.ts";
import { type FarmManifest, OptionValue } from "../core/schema/manifest.ts";
import { Fault, type SchedulerLimits } from "../core/schema/scheduler.ts";

/** One line of text, not empty and without control characters. */
export const Line = z.string().check(z.regex(/^\P{Cc}*\S\P{Cc}*$/u, "wanted one line of text"));

const isBelow = (path: string) =>
  !/[\p{Cc}\\]/u.test(path) && path.split("/").every((part) => !["", ".", ".."].includes(part));

const isBelowRun = z.refine<string>(isBelow, {
  error: ({ input }) => `names the path ${JSON.stringify(input)}, wanted one inside the run directory, without ..`,
});

const isNotOurs = (allowed: readonly string[] = []) =>
  z.refine<string>((path) => !isOurName(path) || allowed.includes(path), {
    error: ({ input }) => `writes "${input}", a name that belongs to the run itself`,
  });

/** A path below the run directory that is not reserved for files of this program. */
export const RunPath = z.string().check(isBelowRun, isNotOurs());

const Folder = z.string().check(isBelowRun, isNotOurs([ATTEMPTS, CLAIMS, INCOMING, `${FETCHED}/${LOGS}`]));

/** Maximum length of an argument in bytes, including its final null byte (execve(2), MAX_ARG_STRLEN). */
const WORD_BYTES = 131_072;

const Word = z.string().check(
  z.refine((word) => !word.includes("\0"), "a word cannot hold a null byte"),
  z.refine(
    (word) => 3 * word.length < WORD_BYTES || new TextEncoder().encode(word).length < WORD_BYTES,
    `a word of ${WORD_BYTES} bytes or more can be given to no program`,
  ),
);

/**
 * A program to run: argv, never a shell string.
 *
 * @example
 * ```ts
 * import type { Command } from "nsfarm-deno";
 * const list: Command = { argv: ["tsp", "-l"], timeout_s: 30 };
 * ```
 */
export const Command = z.strictObject({
  /** argv[0] is one of the adapter's `programs`. */
  argv: z.array(Word),
  stdin: z.exactOptional(z.string()),
  /** Working directory; absent: the run directory. */
  cwd: z.exactOptional(
    z.string().check(
      z.startsWith("/", { error: ({ input }) => `names the relative cwd "${input}"` }),
    ),
  ),
  timeout_s: z.number().check(
    z.refine((s) => s > 0 && s <= 3600, { error: ({ input }) => `${input} s, wanted up to an hour` }),
  ),
});
export type Command = z.infer<typeof Command>;

/**
 * Result of a Command.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import type { CommandResult } from "nsfarm-deno";
 * const isList = ({ exit_code, stdout }: CommandResult) => exit_code === 0 && stdout.startsWith("ID ");
 * const result = { exit_code: 0, signal: null, stdout: "ID State", stderr: "", timed_out: false, spawn_error: null };
 * assert.ok(isList(result));
 * ```
 */
export interface CommandResult {
  /** null if it was stopped (time-out, too much output) or could not be started. */
  exit_code: number | null;
  /** Signal that ended it (`SIGKILL`), else null. */
  signal: string | null;
  /** Standard output as text. */
  stdout: string;
  /** Standard error as text. */
  stderr: string;
  /** Whether it was stopped after `timeout_s`. */
  timed_out: boolean;
  /** Why it could not be started, else null. */
  spawn_error: string | null;
}

/**
 * An option of a scheduler as data, from which the host makes flags, help and checks.
 *
 * @example
 * ```ts
 * import type { SchedulerOption } from "nsfarm-deno";
 * const slots: SchedulerOption = {
 *   name: "tsp-slots",
 *   type: "integer",
 *   min: 1,
 *   default: 1,
 *   role: "cpus",
 *   help: "slots that a job takes",
 * };
 * ```
 */
export const SchedulerOption = z.strictObject({
  /** Flag without dashes: `slurm-time`. */
  name: z.string().check(
    z.regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, "wanted a flag's name without its dashes, as in slurm-time"),
  ),
  /** Heading in help (default: Where). */
  group: z.exactOptional(z.enum(FLAG_GROUPS)),
  /** Type of the value; the host makes a path absolute. */
  type: z.enum(["string", "path", "integer", "number", "boolean", "strings"]),
  default: z.exactOptional(OptionValue),
  /** Whether the option must be given. */
  required: z.exactOptional(z.boolean()),
  /** Form of the value in help: `HH:MM:SS`. */
  placeholder: z.exactOptional(Line),
  help: Line,
  /** The scheduler's own name of the option: `sbatch --time`. */
  native: z.exactOptional(Line),
  /** Regular expression (source) that must match the whole value; strings only. */
  pattern: z.exactOptional(Pattern),
  choices: z.exactOptional(z.array(z.string()).check(z.minLength(1))),
  min: z.exactOptional(z.number()),
  max: z.exactOptional(z.number()),
  /**
   * Limit that the value sets. `retry --more-memory` and `--more-time` raise the option of that role; throttle: number
   * of concurrent jobs; nodes: where jobs may run, also an option of `retry`.
   */
  role: z.exactOptional(z.enum(["cpus", "memory", "time", "throttle", "nodes"])),
});
export type SchedulerOption = z.infer<typeof SchedulerOption>;

/**
 * A file that `render` wants in the run directory.
 *
 * @example
 * ```ts
 * import type { RenderedFile } from "nsfarm-deno";
 * const script: RenderedFile = { path: "tsp_job.sh", text: "#!/bin/sh\n", executable: true };
 * ```
 */
export const RenderedFile = z.strictObject({
  /** Relative to the run directory, without `..`. */
  path: RunPath,
  text: z.string(),
  executable: z.boolean(),
});
export type RenderedFile = z.infer<typeof RenderedFile>;

/**
 * A group of shards that one submit command starts.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import type { Chunk } from "nsfarm-deno";
 * // One array of all shards, whose tasks are numbered from 1.
 * const chunkOf = (shards: number[]): Chunk => ({ index: 0, shards, tasks: shards.map((_, i) => i + 1) });
 * assert.deepEqual(chunkOf([4, 7]), { index: 0, shards: [4, 7], tasks: [1, 2] });
 * ```
 */
export const Chunk = z.strictObject({
  /** Index of the chunk, from 0. */
  index: Count,
  shards: z.array(Count).check(z.minLength(1)),
  /**
   * The scheduler's number of the task that runs each of `shards` (array index, ProcId), equal for shards in one job.
   * Kept with the submission. Absent: 0, 1, 2 …
   */
  tasks: z.exactOptional(z.array(Count)),
  /** Maximum number of concurrent tasks of this chunk; only from render to submit. */
  throttle: z.exactOptional(PositiveCount),
}).check(z.refine(({ shards, tasks = shards }) => tasks.length === shards.length, {
  path: ["tasks"],
  error: "wanted one number for each of shards",
}));
export type Chunk = z.infer<typeof Chunk>;

/**
 * A submission of ours, with which an adapter queries or cancels its jobs.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import type { Handle } from "nsfarm-deno";
 * const cancel = (handles: Handle[]) => handles.map(({ job_id }) => ({ argv: ["qdel", job_id], timeout_s: 30 }));
 * const handle: Handle = { job_id: "17", token: "0123456789abcdef", chunk: { index: 0, shards: [0, 1] } };
 * assert.deepEqual(cancel([handle]), [{ argv: ["qdel", "17"], timeout_s: 30 }]);
 * ```
 */
export interface Handle {
  /** Id from readSubmit or readFind. */
  job_id: string;
  /** Token in the names of the submission's jobs: 16 hexadecimal digits. */
  token: string;
  /** Shards of the submission. */
  chunk: Chunk;
  /** Command that submitted it. */
  command?: string[];
}

/**
 * Facts that the host knows and an adapter may not find out by itself.
 *
 * @example
 * ```ts
 * import type { RenderContext } from "nsfarm-deno";
 * const chunksOf = ({ shards }: RenderContext) => shards.map((shard, index) => ({ index, shards: [shard] }));
 * ```
 */
export interface RenderContext {
  /** The run's manifest.json. */
  manifest: FarmManifest;
  /** Absolute path of the run directory. */
  run_dir: string;
  /** Absolute, resolved path of the nsfarm-deno binary that jobs run. */
  nsfarm: string;
  /** Values of the adapter's options by name, including defaults. */
  options: Readonly<Record<string, OptionValue>>;
  /** Largest number of the run's jobs at a time, as `throttle` set it; null: no limit. Absent: as the options say. */
  throttle?: number | null;
  /** Result of the probe; empty if no query was possible. */
  limits: SchedulerLimits;
  /** Shards to render: all live ones, or those to retry. */
  shards: number[];
  /**
   * For `render` of a plugin: shell lines that run the shards of `"$1"` (joined by +) in place of the script, with
   * nsfarm-deno, or with the sh wrapper where it does not start. They expect $run_dir, $nsfarm and NSFARM_TOKEN.
   */
  launch?: string;
}

/**
 * Result of `render`: the job files, and the shards of each submit command.
 *
 * @example
 * ```ts
 * import type { Rendered } from "nsfarm-deno";
 * const rendered: Rendered = {
 *   files: [{ path: "tsp_job.sh", text: "#!/bin/sh\n", executable: true }],
 *   chunks: [{ index: 0, shards: [0] }],
 *   warnings: [],
 *   by_hand: [["tsp", "sh", "tsp_job.sh", "0"]],
 * };
 * ```
 */
export const Rendered = z.strictObject({
  files: z.array(RenderedFile),
  chunks: z.array(Chunk).check(z.minLength(1)),
  warnings: z.array(z.string()),
  /** Commands that a user may type instead of `submit`, one per chunk. */
  by_hand: z.array(z.array(z.string())),
  /** Folders, relative to the run directory, that must exist before a job starts. */
  folders: z.exactOptional(z.array(Folder)),
});
export type Rendered = z.infer<typeof Rendered>;

/**
 * A job that ends a run without a driver; readSubmit reads the answer to its submission.
 *
 * @example
 * ```ts
 * import type { Finish } from "nsfarm-deno";
 * const finish: Finish = {
 *   files: [{ path: "finish.sh", text: '#!/bin/sh\nexec nsfarm-deno finish "$1"\n', executable: true }],
 *   command: { argv: ["qsub", "-hold_jid", "17", "finish.sh"], timeout_s: 60 },
 * };
 * ```
 */
export const Finish = z.strictObject({ files: z.array(RenderedFile), command: Command });
export type Finish = z.infer<typeof Finish>;

/**
 * State and reason in a job's own log, in words for users.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import type { LogWord } from "nsfarm-deno";
 * const readJobLog = (text: string): LogWord | null =>
 *   text.includes("DUE TO TIME LIMIT") ? { state: "timed_out", reason: "the job's time was up" } : null;
 * assert.equal(readJobLog("all is well"), null);
 * ```
 */
export const LogWord = z.strictObject({ state: ShardState, reason: z.string(), fault: z.exactOptional(Fault) });
export type LogWord = z.infer<typeof LogWord>;
