// An adapter of nsfarm-deno for the scheduler "example". It returns what to write and what to run, and reads the
// results; nsfarm-deno does the rest. Replace the parts marked with TODO, then test it with: nsfarm-deno plugin check FILE
// docs/writing-an-adapter.md explains every member. The types below are for your editor; they are stripped.
import type { Answer, Chunk, CommandResult, Handle, NativeState, RenderContext, SchedulerAdapter } from "nsfarm-deno";

const SCRIPT = "example_job.sh";

/** Returns the name of a job, which contains the token of its submission and identifies the job with any number. */
const jobName = (token: string) => `nsfarm-${token}`;
const quote = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`;
const ok = <T>(value: T): Answer<T> => ({ kind: "ok", value });

/** Returns a command's message for the user. */
const messageOf = ({ spawn_error, timed_out, stderr, stdout, exit_code }: CommandResult): string =>
  spawn_error ?? (timed_out ? "no answer in time" : (stderr || stdout).trim().split("\n")[0] || `exit ${exit_code}`);

/** TODO: the scheduler's own words for the states of a job. Absent is not finished: return no state for an unlisted job. */
const STATES: Record<string, NativeState["state"]> = { WAITING: "queued", RUNNING: "running", HELD: "held" };

/** Returns the command that submits a chunk; here one job runs one shard, numbered from 0 within the chunk. */
function submitWords({ run_dir, options }: RenderContext, { shards }: Chunk, token: string): string[] {
  const queue = options["example-queue"];
  return [
    "example-submit", // TODO
    ...["--name", jobName(token), "--array", `0-${shards.length - 1}`],
    ...(queue === undefined ? [] : ["--queue", String(queue)]),
    `${run_dir}/${SCRIPT}`,
    token,
    ...shards.map(String),
  ];
}

/** Returns the job's script: its arguments are the token and the chunk's shards, its array index selects its own shard. */
function script({ run_dir, nsfarm, launch }: RenderContext): string {
  return [
    "#!/bin/sh",
    "export NSFARM_TOKEN=$1",
    'shift $((EXAMPLE_ARRAY_INDEX + 1)) && set -- "$1"', // TODO: the variable that has the index
    `run_dir=${quote(run_dir)} nsfarm=${quote(nsfarm)}`,
    'cd "$run_dir" || exit',
    launch, // runs the shard "$1" in place of this script
    "",
  ].join("\n");
}

/** TODO: reads the lines of the queue's list, here `ID NAME INDEX STATE`. */
function rows({ stdout }: CommandResult) {
  return stdout.split("\n").flatMap((line) => {
    const [, id, name, index, state] = /^(\d+) (\S+) (\d+) ([A-Z]+)$/.exec(line) ?? [];
    return id === undefined ? [] : [{ id, name, index: Number(index), state: state ?? "" }];
  });
}

/** Returns the states of our jobs only, selected by token: an id may have been reused for another user's job. */
function statesOf(result: CommandResult, { job_id, token, chunk }: Handle): NativeState[] {
  const mine = rows(result).filter((row) => row.id === job_id && row.name === jobName(token));
  return mine.flatMap(({ index, state }) => {
    const shard = chunk.shards[index];
    const known = STATES[state] ?? "unknown";
    return shard === undefined ? [] : [{ token, shard, state: known, native: state, reason: null, host: null }];
  });
}

const example: SchedulerAdapter = {
  name: "example",
  apiVersion: 1,
  summary: "jobs of the scheduler example", // TODO
  programs: ["example-submit", "example-list", "example-remove"], // TODO: all programs that may be run; no shell
  options: [
    { name: "example-queue", type: "string", placeholder: "NAME", help: "queue to run in", pattern: "\\S+" },
  ],
  limits: { first_index: 0, arrays: true, dependencies: false, file_transfer: false },
  inJob: { job_id: ["EXAMPLE_JOB_ID"], task_id: ["EXAMPLE_ARRAY_INDEX"], record: ["EXAMPLE_JOB_ID"] }, // TODO

  render: (context) => {
    const chunk = { index: 0, shards: context.shards };
    return {
      files: [{ path: SCRIPT, text: script(context), executable: true }],
      chunks: [chunk],
      warnings: [],
      by_hand: [submitWords(context, chunk, context.manifest.farm.run_token)],
    };
  },

  probe: () => [],
  readProbe: () => ({}), // TODO: max_array_size, if there is one

  submit: (context, chunk, token) => ({ argv: submitWords(context, chunk, token), timeout_s: 120 }),
  readSubmit: (result) => {
    if (result.spawn_error !== null) return { kind: "refused", message: messageOf(result) };
    const id = result.exit_code === 0 ? /^(\d+)$/m.exec(result.stdout)?.[1] : undefined; // TODO
    // An unclear answer is no refusal: the job may exist, and is searched for by its name.
    return id === undefined ? { kind: "unclear", message: messageOf(result) } : ok(id);
  },

  find: () => ({ argv: ["example-list", "--mine"], timeout_s: 60 }),
  readFind: (result, token) => {
    if (result.exit_code !== 0) return { kind: "unclear", message: messageOf(result) };
    return ok(rows(result).find((row) => row.name === jobName(token))?.id ?? null);
  },

  query: (_context, handles, round) =>
    round > 0 || handles.length === 0 ? [] : [{ argv: ["example-list", "--mine"], timeout_s: 60 }],
  readQuery: ([result], handles, round) => {
    if (round > 0 || !result) return ok([]);
    if (result.exit_code !== 0) return { kind: "unclear", message: messageOf(result) };
    return ok(handles.flatMap((handle) => statesOf(result, handle)));
  },

  cancel: (_context, handles, shards) =>
    handles.flatMap(({ token, chunk }) => {
      const indexes = chunk.shards.flatMap((shard, i) => shards === null || shards.includes(shard) ? [`${i}`] : []);
      if (indexes.length === 0) return [];
      return [{ argv: ["example-remove", "--name", jobName(token), ...indexes], timeout_s: 120 }];
    }),
  readCancel: (results) => {
    const bad = results.find((result) => result.exit_code !== 0);
    return bad ? { kind: "unclear", message: messageOf(bad) } : ok(null);
  },
};
export default example;
