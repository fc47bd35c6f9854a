import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { errorText, FarmError, orElse, readPrintedError } from "../../core/errors.ts";
import { printable, tailLines } from "../../core/failure.ts";
import { LOGS } from "../../core/run_paths.ts";
import type { Worker } from "../../core/schema/attempt.ts";
import type { ShardState } from "../../core/schema/enums.ts";
import type { FarmManifest } from "../../core/schema/manifest.ts";
import type { Answer, Handle, NativeState, SubmitAnswer } from "../../schedulers/adapter.ts";
import { explainWrite, makeFolder } from "../fs/write.ts";
import type { Run } from "../run/load_manifest.ts";
import { ownSubmissions } from "../run/submissions.ts";
import { inspectWorkers, isSameProcess, listWorkers, type UnknownWorker } from "../run/workers.ts";
import { listAttempts, readAttempt } from "../shard/attempts.ts";
import { bootId } from "../system/proc.ts";
import { ownCommand, pauseFor } from "../system/process.ts";

const workerLog = (token: string): string => join(LOGS, `worker_${token}.log`);

/** Time in which a worker loop announces itself, in seconds. */
const START_S = 30;

/**
 * Starts a worker loop (`words`: further arguments of `work`) that outlives this process and its terminal in a session
 * of its own, and waits until it has announced itself.
 * @returns its pid
 * @throws {FarmError} input, with its own message, when it ended at once; unreachable, when it may run in spite of the
 * error
 */
export async function detachWorker(
  run: Run<FarmManifest>,
  token: string,
  words: string[],
): Promise<number> {
  makeFolder(join(run.dir, LOGS));
  const log = join(run.dir, workerLog(token));
  const fd = explainWrite(log, () => openSync(log, "a", 0o640));
  const args = [...ownCommand(), "work", run.dir, "--token", token, ...words];
  // Through sh: Deno's node:child_process takes the path of its own program for node's, and would add arguments.
  const child = spawn("sh", ["-c", 'exec "$0" "$@"', ...args], { cwd: "/", stdio: ["ignore", fd, fd], detached: true });
  closeSync(fd);
  let code: number | null = null;
  child.on("exit", (status) => code = status ?? 1);
  child.unref();
  for (const until = performance.now() + START_S * 1000; performance.now() < until;) {
    if (listWorkers(run.dir).known.some((worker) => worker.token === token) || code === 0) return child.pid ?? 0;
    if (code !== null) throw notStarted(log, code);
    await pauseFor(20);
  }
  throw new FarmError("unreachable", `The worker did not start within ${START_S} s`, `Its log is "${log}"`);
}

/** Returns the command that a person may type in place of a submission to a worker loop; the submission records it. */
export const detachCommand = (dir: string, token: string, words: readonly string[]): string[] => [
  ...["nsfarm-deno", "work", dir, "--detach", "--token", token],
  ...words,
];

function notStarted(log: string, code: number): FarmError {
  const lines = tailLines(Deno.readTextFileSync(log));
  const own = readPrintedError(Deno.readTextFileSync(log)) ?? { message: lines[0], next: undefined };
  const message = own.message ?? `The worker did not start (exit ${code})`;
  return new FarmError("input", printable(message), printable(own.next ?? `Its log is "${log}"`));
}

/** Returns the error with which the last worker loop in the background ended, in words; none where it ended without. */
export function lastLoopError(run: Run): string[] {
  const last = ownSubmissions(run).at(-1);
  // A refused one never began, and its error is the refusal.
  if (last?.state !== "submitted") return [];
  const text = orElse("", () => Deno.readTextFileSync(join(run.dir, workerLog(last.token))));
  const error = readPrintedError(text);
  return error === null ? [] : [`the last worker in the background ended: ${printable(error.message)}`];
}

type InspectedWorker = Worker & { running: number[] };

/** Returns the worker loops that are alive on this machine, with the shards that each runs, and those out of reach. */
export async function queryWorkers(
  run: Run<FarmManifest>,
): Promise<{ alive: InspectedWorker[]; elsewhere: Worker[]; unknown: UnknownWorker[] }> {
  const { alive, elsewhere, unknown } = await inspectWorkers(run, await bootId());
  const attempts = [...listAttempts(run.dir)].flatMap(([shard, numbers]) =>
    readAttempt(run.dir, shard, numbers.at(-1) ?? 0) ?? []
  );
  const runs = (worker: Worker) =>
    attempts.filter((one) => one.end === null && isSameProcess(one.wrapper, worker.process));
  return {
    alive: alive.map((worker) => ({ ...worker, running: runs(worker).map((one) => one.shard_index) })),
    elsewhere,
    unknown,
  };
}

/**
 * Signals worker loops of this run to stop (pid, start time and boot compared), and waits until they have.
 * @param tokens of some of them; null: all
 * @throws {FarmError} unreachable, when one of them is another user's
 */
export async function stopWorkers(
  run: Run<FarmManifest>,
  tokens: readonly string[] | null,
): Promise<{ stopped: Worker[]; unknown: UnknownWorker[] }> {
  const { alive, unknown } = await inspectWorkers(run, await bootId());
  const isMine = (worker: { token: string }) => tokens === null || tokens.includes(worker.token);
  const mine = alive.filter(isMine);
  for (const { process } of mine) terminate(process.pid);
  for (let i = 0; i < 100 && (await stillAlive(run, mine)); i++) {
    await pauseFor(100);
  }
  return { stopped: mine, unknown: unknown.filter(isMine) };
}

async function stillAlive(run: Run<FarmManifest>, workers: Worker[]): Promise<boolean> {
  const { alive } = await inspectWorkers(run, await bootId());
  return alive.some((one) => workers.some((worker) => worker.token === one.token));
}

function terminate(pid: number): void {
  try {
    Deno.kill(pid, "SIGTERM");
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return; // it has ended in the meantime
    throw new FarmError(
      "unreachable",
      `Cannot stop the worker ${pid}: ${errorText(error)}`,
      "Its user can stop it",
    );
  }
}

/** Advice for a worker loop whose file cannot be read. */
export const MEND_FILE =
  "It is unknown whether this worker still runs: make the file readable, or remove it if no nsfarm-deno works on the run";

/** Submits shards to a worker loop in the background; its job id is its pid. */
export const startLoop = (run: Run<FarmManifest>, token: string, words: string[]): Promise<SubmitAnswer> =>
  answered(async () => ({ kind: "ok", value: `${await detachWorker(run, token, words)}` }), "input");

/** Finds the worker loop of a submission on this machine. */
export const findLoop = (run: Run<FarmManifest>, token: string): Promise<Answer<string | null>> =>
  answered(async () => {
    const { alive, unknown } = await inspectWorkers(run, await bootId());
    const hidden = unknown.find((one) => one.token === token);
    if (hidden) return { kind: "unclear", message: hidden.why };
    const loop = alive.find((one) => one.token === token);
    return { kind: "ok", value: loop ? `${loop.process.pid}` : null };
  });

/** Returns the states of shards that worker loops have; none for those whose loop is gone. */
export const loopStates = (run: Run<FarmManifest>, handles: Handle[]): Promise<Answer<NativeState[]>> =>
  answered(async () => {
    const { alive, unknown } = handles.length === 0 ? { alive: [], unknown: [] } : await queryWorkers(run);
    const states = handles.flatMap(({ token, chunk }) => {
      const hidden = unknown.find((one) => one.token === token);
      const loop = alive.find((one) => one.token === token);
      if (!hidden && !loop) return [];
      return chunk.shards.map((shard): NativeState => {
        const state: ShardState = hidden ? "unknown" : loop?.running.includes(shard) ? "running" : "queued";
        return { token, shard, state, native: state, reason: hidden?.why ?? null, host: loop?.process.host ?? null };
      });
    });
    return { kind: "ok", value: states };
  });

/** Stops the worker loops of these submissions, with all their shards. */
export const stopLoops = (run: Run<FarmManifest>, handles: Handle[]): Promise<Answer<null>> =>
  answered(async () => {
    const { unknown: [hidden] } = await stopWorkers(run, handles.map(({ token }) => token));
    return hidden ? { kind: "unclear", message: `${hidden.why}; ${MEND_FILE}` } : { kind: "ok", value: null };
  });

/** Turns an error into an answer of one line. @param refusal the kind of error that is a refusal */
async function answered<T>(call: () => Promise<Answer<T>>, refusal?: FarmError["kind"]): Promise<Answer<T>> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof FarmError)) throw error;
    const message = [error.message, error.next ?? []].flat().join("; ");
    return { kind: error.kind === refusal ? "refused" : "unclear", message };
  }
}
