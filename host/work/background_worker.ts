import { pauseFor } from "../machine/pause_for.ts";
import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import type { FarmManifest } from "../../core/contracts/manifest.ts";
import type { Worker } from "../../core/contracts/worker.ts";
import { FarmError, readPrintedError } from "../../core/errors.ts";
import { printable, tailLines } from "../../core/find_cause.ts";
import { LOGS } from "../../core/run_paths.ts";
import { listAttempts, readAttempt } from "../shard/attempts.ts";
import type { Run } from "../run/load_manifest.ts";
import { ownCommand } from "../machine/own_program.ts";
import { bootId } from "../machine/proc.ts";
import { listWorkers, lookAtWorkers, type UnknownWorker } from "./workers.ts";
import { explainWrite, makeFolder } from "../disk/write_file.ts";

const workerLog = (token: string): string => join(LOGS, `worker_${token}.log`);

/** How long a worker loop may take to announce itself. */
const START_S = 30;

/**
 * Starts a worker loop (by further words of `work`) that outlives this process and its terminal (a session of its own), and waits until it has
 * announced itself.
 * @returns its pid
 * @throws {FarmError} shards, with its own words, when it ended at once
 */
export async function detachWorker(
  run: Run<FarmManifest>,
  token: string,
  words: string[],
): Promise<number> {
  makeFolder(join(run.dir, LOGS));
  const log = join(run.dir, workerLog(token));
  const fd = explainWrite(log, () => openSync(log, "a", 0o640));
  const args = [
    ...ownCommand(),
    "work",
    run.dir,
    "--token",
    token,
    ...words,
  ];
  // By way of sh: Deno's node:child_process takes the path of its own program for node's, and would add words to argv.
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
  throw notStarted(log, null);
}

function notStarted(log: string, code: number | null): FarmError {
  const lines = tailLines(Deno.readTextFileSync(log));
  const own = readPrintedError(Deno.readTextFileSync(log)) ?? { message: lines[0], next: undefined };
  const message = own.message ?? `The worker loop did not start (exit ${code})`;
  return new FarmError("input", printable(message), printable(own.next ?? `Its log is "${log}"`));
}

type AskedWorker = Worker & { running: number[] };

/** The worker loops of this run that are alive on this machine, with the shards that each runs now. */
export async function askWorkers(
  run: Run<FarmManifest>,
): Promise<{ alive: AskedWorker[]; unknown: UnknownWorker[] }> {
  const { alive, unknown } = await lookAtWorkers(run, await bootId());
  const attempts = [...listAttempts(run.dir)].flatMap(([shard, numbers]) =>
    readAttempt(run.dir, shard, numbers.at(-1) ?? 0) ?? []
  );
  const runs = (worker: Worker) =>
    attempts.filter((one) => one.end === null && sameProcess(one.wrapper, worker.process));
  return {
    alive: alive.map((worker) => ({ ...worker, running: runs(worker).map((one) => one.shard_index) })),
    unknown,
  };
}

const sameProcess = (a: Worker["process"], b: Worker["process"]) =>
  a.boot_id === b.boot_id && a.pid === b.pid && a.start_ticks === b.start_ticks;

/**
 * Asks worker loops of this run to stop (pid, start time and boot compared), and waits until they have.
 * @param token of one of them; null: all
 */
export async function stopWorker(
  run: Run<FarmManifest>,
  token: string | null,
): Promise<{ stopped: Worker[]; unknown: UnknownWorker[] }> {
  const { alive, unknown } = await lookAtWorkers(run, await bootId());
  const isMine = (worker: { token: string }) => token === null || worker.token === token;
  const mine = alive.filter(isMine);
  for (const { process } of mine) Deno.kill(process.pid, "SIGTERM");
  for (let i = 0; i < 100 && (await stillAlive(run, mine)); i++) {
    await pauseFor(100);
  }
  return { stopped: mine, unknown: unknown.filter(isMine) };
}

async function stillAlive(run: Run<FarmManifest>, workers: Worker[]): Promise<boolean> {
  const { alive } = await lookAtWorkers(run, await bootId());
  return alive.some((one) => workers.some((worker) => worker.token === one.token));
}
