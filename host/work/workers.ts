import { join } from "node:path";
import { Worker, WORKER_SCHEMA } from "../../core/contracts/worker.ts";
import { CLAIMS } from "../../core/run_paths.ts";
import { listNames } from "../disk/list_names.ts";
import { aliveOf } from "../machine/proc.ts";
import { readDocument } from "../disk/read_file.ts";
import type { Run } from "../run/load_manifest.ts";
import { isCopy } from "../run/run_origin.ts";
import { makeFolder, removeQuietly, writeDocument } from "../disk/write_file.ts";

const workerPath = (dir: string, token: string) => join(dir, CLAIMS, `worker_${token}.json`);

/**
 * While a worker loop works, its file tells of it. That of one that breaks stays, and its beats stand still: so others
 * learn that the attempts which it has left open are dead.
 */
export async function announced<T>(
  dir: string,
  worker: Pick<Worker, "token" | "run_token" | "process" | "slots">,
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
  const timer = setInterval(() => tryTo(beat), beat_interval_s * 1000);
  try {
    const done = await work();
    withdrawWorker(dir, worker.token);
    return done;
  } finally {
    clearInterval(timer);
  }
}

/** A beat that a full disk swallows is missed; the next one may be written. */
function tryTo(act: () => void): void {
  try {
    act();
  } catch {
    // see above
  }
}

function withdrawWorker(dir: string, token: string): void {
  removeQuietly(workerPath(dir, token));
}

export function listWorkers(dir: string): Worker[] {
  return listNames(join(dir, CLAIMS)).flatMap((name) => {
    if (!/^worker_[0-9a-f]{16}\.json$/.test(name)) return [];
    try {
      return [readDocument(join(dir, CLAIMS, name), Worker)];
    } catch {
      return [];
    }
  });
}

/** The workers of this run that are alive on this machine, and those of other machines (unknown). */
export async function lookAtWorkers(run: Run, boot_id: string): Promise<{ alive: Worker[]; elsewhere: Worker[] }> {
  const workers = isCopy(run) ? [] : listWorkers(run.dir);
  const alive = await aliveOf(workers.map((worker) => worker.process), boot_id);
  return {
    alive: workers.filter((worker) => alive.has(worker.process)),
    elsewhere: workers.filter((worker) => worker.process.boot_id !== boot_id),
  };
}

/** Removes the files of all workers: of a copied directory, where they are the original's. */
export function withdrawWorkers(dir: string): void {
  for (const worker of listWorkers(dir)) withdrawWorker(dir, worker.token);
}

/** Removes the files of workers of this boot that are dead. */
export async function sweepWorkers(run: Run, boot_id: string): Promise<void> {
  const { dir } = run;
  const { alive, elsewhere } = await lookAtWorkers(run, boot_id);
  const kept = new Set([...alive, ...elsewhere].map((worker) => worker.token));
  for (const worker of listWorkers(dir)) if (!kept.has(worker.token)) withdrawWorker(dir, worker.token);
}
