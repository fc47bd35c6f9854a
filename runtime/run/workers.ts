import { join } from "node:path";
import { orElse } from "../../core/errors.ts";
import { CLAIMS } from "../../core/run_paths.ts";
import { type ProcessId, Worker, WORKER_SCHEMA } from "../../core/schema/attempt.ts";
import { listNames } from "../fs/list.ts";
import { inputError, readDocument, Unreadable } from "../fs/read.ts";
import { makeFolder, removeQuietly, writeDocument } from "../fs/write.ts";
import { aliveOf } from "../system/proc.ts";
import { isCopy, type Run } from "./load_manifest.ts";

const workerPath = (dir: string, token: string) => join(dir, CLAIMS, `worker_${token}.json`);

/**
 * Runs `work` while a file announces the worker loop and counts its beats. The file of a loop that breaks stays without
 * further beats, so that others learn that its open attempts are dead.
 */
export async function announced<T>(
  dir: string,
  worker: Pick<Worker, "token" | "run_token" | "process" | "slots" | "pilot">,
  beat_interval_s: number,
  work: () => Promise<T>,
): Promise<T> {
  makeFolder(join(dir, CLAIMS));
  const started_at_utc = new Date().toISOString();
  let beats = 0;
  const beat = () => {
    const document = { schema_version: WORKER_SCHEMA, ...worker, started_at_utc, beats: beats++, beat_interval_s };
    writeDocument(workerPath(dir, worker.token), document);
  };
  beat();
  // A beat that fails on a full disk is skipped: the next may succeed.
  const timer = setInterval(() => orElse(undefined, beat), beat_interval_s * 1000);
  try {
    const done = await work();
    withdrawWorker(dir, worker.token);
    return done;
  } finally {
    clearInterval(timer);
  }
}

function withdrawWorker(dir: string, token: string): void {
  removeQuietly(workerPath(dir, token));
}

/** A worker loop whose file exists and cannot be read: whether it runs, and which shards, is unknown. */
export interface UnknownWorker {
  token: string;
  /** The reason in words for a user. */
  why: string;
}

/** The worker loops of a run directory. */
export interface ListedWorkers {
  known: Worker[];
  unknown: UnknownWorker[];
}

/** Lists the worker loops that have announced themselves. @throws {FarmError} input, when they cannot be listed */
export function listWorkers(dir: string): ListedWorkers {
  const found: ListedWorkers = { known: [], unknown: [] };
  for (const name of listNames(join(dir, CLAIMS))) {
    const token = /^worker_([0-9a-f]{16})\.json$/.exec(name)?.[1];
    if (token !== undefined) addWorker(found, dir, token);
  }
  return found;
}

/** Adds a loop unless it has left since the listing. */
function addWorker({ known, unknown }: ListedWorkers, dir: string, token: string): void {
  const path = workerPath(dir, token);
  try {
    known.push(readDocument(path, Worker));
  } catch (error) {
    if (error instanceof Unreadable && error.absent) return;
    const { message } = inputError("the file of a worker loop", path, error, "");
    unknown.push({ token, why: message });
  }
}

/** Returns the workers of this run alive on this machine, those of other machines, and those of unreadable files. */
export async function inspectWorkers(
  run: Run,
  boot_id: string,
): Promise<{ alive: Worker[]; elsewhere: Worker[]; unknown: UnknownWorker[] }> {
  const { known, unknown } = isCopy(run) ? { known: [], unknown: [] } : listWorkers(run.dir);
  const alive = await aliveOf(known.map((worker) => worker.process), boot_id);
  return {
    alive: known.filter((worker) => alive.has(worker.process)),
    elsewhere: known.filter((worker) => worker.process.boot_id !== boot_id),
    unknown,
  };
}

/** Returns when a worker sent its last beat, in ms by the clock of the file server; NaN where its file is gone. */
export const lastBeat_ms = (dir: string, token: string): number =>
  orElse(NaN, () => Deno.statSync(workerPath(dir, token)).mtime?.getTime() ?? NaN);

/** Removes the files of all workers: in a copied directory they belong to the original. */
export function withdrawWorkers(dir: string): void {
  const { known, unknown } = listWorkers(dir);
  for (const { token } of [...known, ...unknown]) withdrawWorker(dir, token);
}

/**
 * Removes the files of dead workers of this boot; one that starts meanwhile stays. A worker that left an attempt open
 * keeps its file: its fit may go on, and other machines leave the shard to this one because of that file.
 * @param openOwners returns the processes that began the attempts without an end
 */
export async function sweepWorkers(run: Run, boot_id: string, openOwners: () => ProcessId[]): Promise<void> {
  const here = listWorkers(run.dir).known.filter(({ process }) => process.boot_id === boot_id);
  const alive = await aliveOf(here.map(({ process }) => process), boot_id);
  const dead = here.filter(({ process }) => !alive.has(process));
  if (dead.length === 0) return;
  const open = openOwners();
  for (const { process, token } of dead) {
    if (!open.some((one) => isSameProcess(one, process))) withdrawWorker(run.dir, token);
  }
}

/** Returns whether both are the same process of one boot. */
export const isSameProcess = (one: ProcessId, other: ProcessId): boolean =>
  one.boot_id === other.boot_id && one.pid === other.pid && one.start_ticks === other.start_ticks;
