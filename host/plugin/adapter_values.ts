import * as z from "zod/mini";
import { PoolNode } from "../../core/contracts/sweep.ts";
import { ShardState } from "../../core/contracts/kinds.ts";
import { ATTEMPTS, CLAIMS, INCOMING, isOurName } from "../../core/run_paths.ts";

/** No control characters: a name is shown, and is part of a line. */
// deno-lint-ignore no-control-regex
const PLAIN = /^[^\x00-\x1f\x7f]+$/;

/** A path below the run directory that is none of the files whose names mean something. */
const RunPath = z.string().check(
  z.refine(
    (path) => path.split("/").every((part) => PLAIN.test(part) && part !== "." && part !== ".."),
    "wanted a path relative to the run directory, without ..",
  ),
  z.refine((path) => !isOurName(path), "this name is kept for nsfarm-deno's own files"),
);

const Count = z.int().check(z.minimum(0));

const File = z.strictObject({ path: RunPath, text: z.string(), executable: z.boolean() });

const Chunk = z.strictObject({
  index: Count,
  shards: z.array(Count).check(z.minLength(1)),
  tasks: z.exactOptional(z.array(Count)),
  throttle: z.exactOptional(z.int().check(z.minimum(1))),
}).check(z.refine(({ shards, tasks }) => tasks === undefined || tasks.length === shards.length, {
  path: ["tasks"],
  error: "wanted one number for each of shards",
}));

const Folder = z.string().check(z.refine(
  (path) => [ATTEMPTS, CLAIMS, INCOMING].includes(path) || RunPath.safeParse(path).success,
  "wanted a path relative to the run directory, without ..",
));

const Word = z.string().check(z.refine((word) => !word.includes("\0"), "a word cannot hold NUL"));

const commandFor = (programs: readonly string[]) =>
  z.strictObject({
    argv: z.array(Word).check(
      z.minLength(1),
      z.refine(([program = ""]) => programs.includes(program), {
        path: [0],
        error: `wanted one of its programs: ${programs.join(", ")}`,
      }),
    ),
    stdin: z.exactOptional(z.string()),
    cwd: z.exactOptional(z.string().check(z.startsWith("/"))),
    timeout_s: z.number().check(z.gt(0), z.maximum(3600)),
  });

const Message = z.string().check(z.minLength(1));

const answerOf = <T extends z.ZodMiniType>(value: T) =>
  z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("ok"), value }),
    z.strictObject({ kind: z.literal("refused"), message: Message }),
    z.strictObject({ kind: z.literal("unclear"), message: Message }),
  ]);

const JobId = z.string().check(z.regex(/^\S{1,256}$/, "wanted a job id without spaces"), z.regex(PLAIN));

const SubmitAnswer = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("ok"), value: JobId }),
  z.strictObject({ kind: z.literal("refused"), message: Message }),
  z.strictObject({
    kind: z.literal("unclear"),
    message: Message,
    ids: z.exactOptional(z.array(JobId).check(z.minLength(1))),
    answered: z.exactOptional(z.boolean()),
  }),
]);

const State = z.strictObject({
  token: z.string(),
  shard: z.nullable(Count),
  state: ShardState,
  native: z.string(),
  reason: z.nullable(z.string()),
  host: z.nullable(z.string()),
});

const limit = z.nullable(Count);
const name = z.nullable(z.string());

const Limits = z.strictObject({
  max_array_size: z.exactOptional(limit),
  max_submit_jobs: z.exactOptional(limit),
  accounting: z.exactOptional(z.boolean()),
  cluster: z.exactOptional(z.string()),
  version: z.exactOptional(z.string()),
  job_age_s: z.exactOptional(z.nullable(z.number().check(z.minimum(0)))),
  submit_limits: z.exactOptional(
    z.array(z.strictObject({ account: name, partition: name, qos: name, max_submit_jobs: Count })),
  ),
  places: z.exactOptional(z.array(z.strictObject({
    name: z.string(),
    state: z.string(),
    nodes: limit,
    cpus: limit,
    memory_mb: limit,
    time_limit: name,
    shares_files: z.exactOptional(z.boolean()),
  }))),
});

const Rendered = z.strictObject({
  files: z.array(File),
  chunks: z.array(Chunk).check(z.minLength(1)),
  warnings: z.array(z.string()),
  by_hand: z.array(z.array(z.string())),
  folders: z.exactOptional(z.array(Folder)),
});

/** What each function of an adapter must return; only `programs` may be run. */
export function adapterValues(programs: readonly string[]) {
  const Command = commandFor(programs);
  return {
    render: Rendered,
    probe: z.array(Command),
    readProbe: Limits,
    submit: Command,
    readSubmit: SubmitAnswer,
    find: Command,
    readFind: answerOf(z.nullable(JobId)),
    query: z.array(Command),
    readQuery: answerOf(z.array(State)),
    cancel: z.array(Command),
    readCancel: answerOf(z.null()),
    eventLogs: z.array(RunPath),
    readEventLogs: z.array(State),
    finish: z.strictObject({ files: z.array(File), command: Command }),
    eventsOf: z.string(),
    jobLogs: z.array(RunPath),
    avoiding: z.string(),
    pool: z.array(Command),
    readPool: z.array(PoolNode),
    readJobLog: z.nullable(z.strictObject({ state: ShardState, reason: z.string() })),
  };
}

/** Functions that an adapter may do without. */
export const OPTIONAL_CALLS = [
  ...["eventLogs", "readEventLogs", "eventsOf", "finish", "jobLogs", "avoiding", "readJobLog", "pool", "readPool"],
];
