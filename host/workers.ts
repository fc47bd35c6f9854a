import { join } from "node:path";
import { Worker } from "../core/contracts/worker.ts";
import { CLAIMS } from "../core/run_paths.ts";
import { listNames } from "./attempts.ts";
import { aliveOf } from "./proc.ts";
import { readDocument } from "./read_file.ts";
import { makeFolder, removeQuietly, writeDocument } from "./write_file.ts";

const workerPath = (dir: string, token: string) => join(dir, CLAIMS, `worker_${token}.json`);

export function announceWorker(dir: string, worker: Worker): void {
  makeFolder(join(dir, CLAIMS));
  writeDocument(workerPath(dir, worker.token), worker);
}

export function withdrawWorker(dir: string, token: string): void {
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
export async function lookAtWorkers(dir: string, boot_id: string): Promise<{ alive: Worker[]; elsewhere: Worker[] }> {
  const workers = listWorkers(dir);
  const alive = await aliveOf(workers.map((worker) => worker.process), boot_id);
  return {
    alive: workers.filter((worker) => alive.has(worker.process)),
    elsewhere: workers.filter((worker) => worker.process.boot_id !== boot_id),
  };
}

/** Removes the files of workers of this boot that are dead. */
export async function sweepWorkers(dir: string, boot_id: string): Promise<void> {
  const { alive, elsewhere } = await lookAtWorkers(dir, boot_id);
  const kept = new Set([...alive, ...elsewhere].map((worker) => worker.token));
  for (const worker of listWorkers(dir)) if (!kept.has(worker.token)) withdrawWorker(dir, worker.token);
}
