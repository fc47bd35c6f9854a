import type { Chunk, CommandResult, Finish, Handle, RenderContext, Rendered, SubmitAnswer } from "nsfarm-deno";
import { many, one } from "./options.ts";
import { command, jobName, messageOf, ok, quote } from "./words.ts";

const SCRIPT = "gridengine_job.sh";
const FINISH_SCRIPT = "gridengine_finish_job.sh";
/** max_aj_tasks if it could not be queried (sge_conf(5)). */
const USUAL_TASKS = 75_000;
/** Maximum number of non-consecutive shards, which are words of the command line. */
const MAX_WORDS = 1000;

/** Returns one script for all arrays; arguments of qsub select the shards. */
export function render(context: RenderContext): Rendered {
  const chunks = chunksOf(context);
  const slots = Number(context.options["gridengine-slots"] ?? 1);
  if (slots > 1 && one(context, "gridengine-pe").length === 0) {
    throw Object.assign(new Error(`Cannot use --gridengine-slots ${slots} without a parallel environment`), {
      kind: "usage",
      next: "Name one with --gridengine-pe; qconf -spl lists them",
    });
  }
  const warning = `--threads ${context.manifest.threads} is more than --gridengine-slots ${slots}`;
  return {
    files: [{ path: SCRIPT, text: script(context), executable: true }],
    chunks,
    warnings: context.manifest.threads > slots ? [warning] : [],
    by_hand: chunks.map((chunk) => ["qsub", ...words(context, chunk, context.manifest.farm.run_token)]),
    folders: ["logs"],
  };
}

/** Returns chunks whose tasks are numbered from 1 (qsub(1), -t). */
function chunksOf({ shards, limits }: RenderContext): Chunk[] {
  const size = limits.max_array_size ?? USUAL_TASKS;
  const chunks: Chunk[] = [];
  for (let at = 0; at < shards.length;) {
    const first = shards[at] ?? 0;
    let length = 1;
    while (length < size && shards[at + length] === first + length) length++;
    if (length === 1) length = Math.min(size, MAX_WORDS, shards.length - at);
    const mine = shards.slice(at, at + length);
    chunks.push({ index: chunks.length, shards: mine, tasks: mine.map((_, i) => i + 1) });
    at += length;
  }
  return chunks;
}

/** Returns the job's arguments: the shard of task 1 if the others follow it, else every task's shard. */
function jobWords({ shards }: Chunk): string[] {
  const [first = 0] = shards;
  return shards.every((shard, i) => shard === first + i) ? ["from", `${first}`] : ["of", ...shards.map(String)];
}

/**
 * Returns all options as arguments of qsub, where blanks and commas in paths are safe; -o is /dev/null, since the
 * script opens its own log.
 */
export function words(context: RenderContext, chunk: Chunk, token: string): string[] {
  const flag = (flag: string, name: string) => one(context, `gridengine-${name}`).flatMap((value) => [flag, value]);
  const resource = (name: string, option: string) =>
    one(context, `gridengine-${option}`).flatMap((value) => ["-l", `${name}=${value}`]);
  const pe = one(context, "gridengine-pe").flatMap((name) => ["-pe", name, ...one(context, "gridengine-slots")]);
  return [
    ...["-terse", "-N", jobName(token), "-t", `1-${chunk.shards.length}`],
    ...["-S", "/bin/sh", "-wd", "/", "-o", "/dev/null", "-j", "y", "-r", "n", "-notify"],
    ...throttleWords(context),
    ...flag("-q", "queue"),
    ...flag("-P", "project"),
    ...resource("h_rt", "time"),
    ...resource("h_vmem", "memory"),
    ...many(context, "gridengine-resource").flatMap((value) => ["-l", value]),
    ...pe,
    ...many(context, "env").flatMap((name) => ["-v", name]),
    `${context.run_dir}/${SCRIPT}`,
    ...jobWords(chunk),
  ];
}

/** Returns the limit on tasks at a time: that of a `throttle` command, else the option. */
function throttleWords(context: RenderContext): string[] {
  const values = context.throttle === undefined ? one(context, "gridengine-throttle") : [`${context.throttle ?? 0}`];
  return values.flatMap((value) => ["-tc", value]);
}

function script(context: RenderContext): string {
  return [
    "#!/bin/sh",
    "# One task of a Grid Engine array; its words say which shard: `from FIRST`, or `of SHARD...` with one for each task.",
    `run_dir=${quote(context.run_dir)}`,
    `nsfarm=${quote(context.nsfarm)}`,
    'exec >>"$run_dir/logs/gridengine_$JOB_ID.$SGE_TASK_ID.log" 2>&1 || exit',
    "case $JOB_NAME in nsfarm-*) NSFARM_TOKEN=${JOB_NAME#nsfarm-} && export NSFARM_TOKEN ;; esac",
    "case $1 in",
    "from) shard=$(($2 + SGE_TASK_ID - 1)) ;;",
    '*) shift "$SGE_TASK_ID" && shard=$1 ;;',
    "esac",
    'cd "$run_dir" || exit',
    'set -- "$shard"',
    "# SIGUSR2 comes before SIGKILL (qsub(1), -notify), to all processes of the job: time to write down how it ended.",
    "(",
    "trap '' USR1 USR2",
    `${context.launch}`,
    ") &",
    "job=$!",
    `trap 'kill -s TERM "$job" 2>/dev/null' USR2 TERM`,
    "trap '' USR1",
    'wait "$job"',
    "code=$?",
    'while kill -0 "$job" 2>/dev/null; do wait "$job"; code=$?; done',
    'exit "$code"',
    "",
  ].join("\n");
}

export function finish({ run_dir, nsfarm }: RenderContext, handles: Handle[], token: string): Finish {
  const after = handles.map((handle) => handle.job_id).join(",");
  const log = `${run_dir}/logs/gridengine_finish.log`;
  const lines = ["#!/bin/sh", `exec ${quote(nsfarm)} finish ${quote(run_dir)} >>${quote(log)} 2>&1`, ""];
  const place = ["-S", "/bin/sh", "-wd", "/", "-o", "/dev/null", "-j", "y", "-r", "n"];
  return {
    files: [{ path: FINISH_SCRIPT, text: lines.join("\n"), executable: true }],
    // -hold_jid waits for the end of jobs, successful or not (qsub(1)).
    command: command([
      ...["qsub", "-terse", "-N", jobName(token), "-hold_jid", after, ...place, `${run_dir}/${FINISH_SCRIPT}`],
    ]),
  };
}

/**
 * Refusals, after which nothing is queued (recorded: gridengine-qsub-too-many-tasks, -unknown-queue, -unknown-resource;
 * qsub's own before it calls the qmaster). After any other error, such as a lost connection, the submission is unclear.
 */
const REFUSED =
  /[Jj]ob (was )?rejected|unknown resource|^denied: |Unknown option|ERROR! |Unable to initialize environment|error opening .* No such file/m;

/**
 * Communication failures with the qmaster, after which the job may still appear (recorded: gridengine-qsub-no-master).
 */
const NO_ANSWER = /commlib|unable to (send|receive|contact)|timeout|timed out|connection/i;

export function readSubmit(result: CommandResult): SubmitAnswer {
  if (result.spawn_error !== null) return { kind: "refused", message: `qsub cannot be started: ${result.spawn_error}` };
  const { stdout, stderr, exit_code } = result;
  // With a warning qsub exits 1 although it has queued the job.
  const id = /Your job(?:-array)? (\d+).* has been submitted/.exec(`${stdout}\n${stderr}`)?.[1];
  if (id !== undefined) return ok(id);
  const message = messageOf(result);
  const ids = [...new Set([...stdout.matchAll(/^(\d+)(?:\.\d+-\d+:\d+)?$/gm)].map(([, one = ""]) => one))];
  const [only] = ids;
  if (exit_code === 0 && only !== undefined) {
    return ids.length === 1 ? ok(only) : { kind: "unclear", ids, message };
  }
  if (exit_code === 0 || exit_code === null || stderr.trim() === "" || NO_ANSWER.test(stderr)) {
    return { kind: "unclear", message };
  }
  return REFUSED.test(stderr) ? { kind: "refused", message } : { kind: "unclear", answered: true, message };
}
