import { uncutPlan } from "../core/check_manifest.ts";
import type { StatusShard } from "../core/describe_status.ts";
import { EXIT_CODES, FarmError } from "../core/errors.ts";
import type { FlagTable, FlagValues } from "../core/flags.ts";
import { plural } from "../core/format.ts";
import { quoteWord } from "../core/shell_quote.ts";
import { endJobs } from "../runtime/control/cancel.ts";
import { awaitsCut, type StartedRun, startRun } from "../runtime/control/start.ts";
import type { FarmManifest } from "../core/schema/manifest.ts";
import { changeFarmManifest, changeMode } from "../runtime/run/change_manifest.ts";
import type { Run } from "../runtime/run/load_manifest.ts";
import { submissionLines } from "../runtime/run/submissions.ts";
import { requireFinish, submitFinish } from "../runtime/scheduler/submit_finish.ts";
import { inspectMachine } from "../runtime/system/machine.ts";
import { watchingSignals } from "../runtime/system/process.ts";
import type { Backend } from "../schedulers/adapter.ts";
import { noteCost } from "./cost_line.ts";
import { finishRun } from "./drive_run.ts";
import { defineCommand, defineFlags, type Output } from "./flags.ts";
import { ON_END_FLAG, requireOnEnd, withOnEnd } from "./on_end_flag.ts";
import { adapterOf, ownRunOf, refusePaused } from "./run_dir_flags.ts";
import { ACCEPT_NEXTSTAT, takeNextstat } from "./accept_nextstat_flag.ts";
import { driveRecovering, recordRecover, RECOVER_FLAG } from "./recover_run.ts";
import { untilResumed, watchRun } from "./watch_run.ts";

export const END_FLAGS = {
  finish: { type: "boolean", help: "also submit a job that collects and merges at the end" },
  wait: { type: "boolean", help: "wait until the run has ended, then collect and merge" },
  ...ON_END_FLAG,
} as const satisfies FlagTable;

/** The flag that changes the mode of jobs submitted from now on. */
export const MODE_FLAG = {
  mode: {
    type: "string",
    choices: ["shared", "transfer"],
    placeholder: "mode",
    help: "how HTCondor jobs reach their files (default: as rendered)",
  },
} as const satisfies FlagTable;

const submitFlags = defineFlags({ ...MODE_FLAG, ...END_FLAGS, ...RECOVER_FLAG, ...ACCEPT_NEXTSTAT });

export default defineCommand({
  schedulers: true,
  flags: submitFlags,
  run: async ({ args, flags, out }) => {
    const { run, adapter } = await openToSubmit(args, flags, out, "submit");
    const at = new Date().toISOString();
    const changed = changeFarmManifest(run, (now) => changeMode(now, adapter, flags.mode, "submitted", at));
    noteCost(changed, out);
    const start = async () => await startRun(changed, adapter, await inspectMachine(), { ended: false });
    return await submitAndWait(adapter, orLater(changed, start, flags, out), flags, out);
  },
});

interface End {
  onEnd?: string | undefined;
  wait: boolean;
  finish?: boolean;
  recover?: number | undefined;
}

/**
 * Opens the run that the first argument names, to submit shards of it, with its adapter and the nextstat of the flags.
 * @param doing the command, which refuses a paused run; null: it does not
 * @throws {FarmError} usage, before anything is changed
 */
export async function openToSubmit(
  args: readonly string[],
  flags: End & FlagValues<typeof ACCEPT_NEXTSTAT>,
  out: Output,
  doing: string | null,
): Promise<{ run: Run<FarmManifest>; adapter: Backend }> {
  requireOnEnd(flags.onEnd);
  const rendered = await ownRunOf(args, out);
  if (doing !== null) refusePaused(rendered, doing);
  const adapter = await adapterOf(rendered, out);
  if (flags.finish) requireFinish(adapter, rendered);
  requireRecoverable(rendered, adapter, flags);
  return { run: await takeNextstat(rendered, adapter, flags, out), adapter };
}

/**
 * Throws where nothing would recover the run: --recover needs a process that goes on, and slots of this process belong to
 * `run`.
 * @throws {FarmError} usage
 */
function requireRecoverable({ manifest }: Run<FarmManifest>, adapter: Backend, end: End): void {
  if (end.recover === undefined) return;
  if (adapter.kind === "worker") {
    throw new FarmError(
      "usage",
      `Cannot use --recover ${end.recover} with ${adapter.name} here: only run works on the shards itself`,
      `Use: nsfarm-deno run … --run-id ${quoteWord(manifest.run_id)} --recover ${end.recover}`,
    );
  }
  if (end.wait || end.finish) return;
  throw new FarmError(
    "usage",
    `Cannot use --recover ${end.recover} alone: no process would follow the jobs`,
    "Add --wait, or --finish to log out meanwhile",
  );
}

/** Returns the function that submits the run; with --recover, which asks again, a scheduler may take no jobs now. */
export function orLater(
  run: Run<FarmManifest>,
  start: () => Promise<StartedRun>,
  { recover, wait }: End,
  out: Output,
): () => Promise<StartedRun> {
  if (recover === undefined || !wait) return start;
  return () =>
    start().catch((error) => {
      if (!(error instanceof FarmError) || error.kind !== "unreachable") throw error;
      out.note(error.message);
      return { run, submissions: [], nothing: "" };
    });
}

/** Submits open shards and, if requested, watches the run to its end. Returns the exit code. */
export async function submitAndWait(
  adapter: Backend,
  start: () => Promise<StartedRun>,
  end: End,
  out: Output,
): Promise<number> {
  const started = await start().catch((error) => {
    throw end.finish && error instanceof FarmError
      ? new FarmError(error.kind, error.message, `${error.next ?? ""}; no finishing job was submitted`)
      : error;
  });
  const run = withOnEnd(started.run, end.onEnd);
  for (const line of submissionLines(started.submissions)) out.print(line);
  if (started.submissions.length === 0 && started.nothing !== "") out.print(started.nothing);
  const finish_job = end.finish ? await submitFinishing(run, adapter, end, out) : null;
  if (end.wait) return await followToEnd(run, adapter, end, out);
  out.document({
    run_dir: run.dir,
    submissions: started.submissions,
    finish_job,
    nothing: started.submissions.length ? null : started.nothing,
  });
  // Where nothing was submitted, the message says how the run continues, if it does.
  const has_begun = started.submissions.length > 0 || finish_job !== null;
  if (has_begun) out.note(`Follow it with: nsfarm-deno status ${quoteWord(run.dir)} --watch`);
  return EXIT_CODES.done;
}

/** Submits the job that collects and merges; returns its id, or null where there is none. */
async function submitFinishing(run: Run<FarmManifest>, adapter: Backend, { recover }: End, out: Output) {
  const rest = uncutPlan(run.manifest);
  // A finishing job that recovers the run cuts its toys too.
  if (rest && recover === undefined) {
    out.print(`no finishing job: ${plural(rest.n_toys, "toy")} are not in shards before the probes have ended`);
    return null;
  }
  if (recover !== undefined) recordRecover(run, recover);
  const job = await submitFinish(run, adapter);
  if (job) out.print(`${adapter.name} job ${job}: collects and merges when they have ended`);
  return job;
}

/** Watches a run to its end, collects and merges it. Returns the exit code. */
async function followToEnd(run: Run<FarmManifest>, adapter: Backend, end: End, out: Output): Promise<number> {
  return await watchingSignals(async (signals) => {
    const finish = async (states: readonly StatusShard[]) => {
      const code = signals.exitCode();
      if (code === null) return await finishRun(run, out, false, states);
      out.note(goesOnWords(run, adapter));
      return code;
    };
    if (end.recover !== undefined) {
      return await finish(await driveRecovering(run, adapter, signals, out, { most: end.recover, by_hand: true }));
    }
    const status = await watchRun(run, adapter, signals.signal, out);
    if (!signals.signal.aborted && awaitsCut(run, status.shards)) {
      await untilResumed(run, signals.signal, out);
      const next = async () => await startRun(run, adapter, await inspectMachine(), { ended: false });
      if (!signals.signal.aborted) return await submitAndWait(adapter, next, end, out);
    }
    for (const line of await endJobs(run, adapter, status.progress, signals.signal)) out.warn(line);
    return await finish(status.shards);
  });
}

/** Returns what an interrupted command leaves behind, and how to wait for it again or stop it. */
function goesOnWords({ dir }: Run<FarmManifest>, { kind, name }: Backend): string {
  const what = kind === "worker" ? "the worker goes on in the background" : `the jobs go on in ${name}`;
  const word = quoteWord(dir);
  return `interrupted: ${what}; wait again with: nsfarm-deno finish ${word} --wait, or stop with: nsfarm-deno cancel ${word}`;
}
