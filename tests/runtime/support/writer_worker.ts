/// <reference lib="deno.worker" />
import { basename, join } from "node:path";
import { changeOptions } from "../../../core/request.ts";
import { cutShards, extendPlans } from "../../../core/toys.ts";
import { changeFarmManifest, raiseLimits } from "../../../runtime/run/change_manifest.ts";
import { loadFarmRun } from "../../../runtime/run/load_manifest.ts";
import { collectRun } from "../../../runtime/state/collect.ts";
import { recordPoint } from "../../../runtime/sweep/load.ts";
import slurm from "../../../schedulers/slurm.ts";
import { Gate, STATE } from "./gate.ts";
import { instant, toysOf, WriterJob } from "./writer_job.ts";

const real = { open: Deno.openSync, lstat: Deno.lstatSync, rename: Deno.renameSync, remove: Deno.removeSync };

const isShared = (path: string) => ["manifest.json", "s.sweep.json"].includes(basename(path));

/** Stops before each operation on a document that others see. */
function hook(gate: Gate, job: WriterJob): void {
  const pass = (path: string, changes: boolean, takes_right = false) => {
    if (!isShared(path) && !takes_right) return;
    gate.request({ names: 1, changes, takes_right });
    gate.await([STATE.go]);
  };
  Reflect.set(Deno, "lstatSync", (path: string) => {
    if (!job.locks) pass(path, false);
    return real.lstat(path);
  });
  Reflect.set(Deno, "renameSync", (from: string, to: string) => {
    pass(to, true);
    real.rename(from, to);
  });
  Reflect.set(Deno, "openSync", (path: string, options: Deno.OpenOptions = { read: true }) => {
    pass(path, false);
    if (path.endsWith(".lease")) pass(path, true, true);
    const file = real.open(path, options);
    Reflect.set(file, "syncDataSync", () => {});
    if (path.endsWith(".lock")) lockable(file, `${path}.held`, job, () => pass(path, true, true));
    return file;
  });
}

/** A file whose lock the schedule knows of by a file beside it. */
function lockable(file: Deno.FsFile, held: string, { locks }: WriterJob, take: () => void): void {
  const close = file.close.bind(file);
  let isHeld = false;
  Reflect.set(file, "lockSync", () => {
    if (!locks) throw new Error("Function not implemented (os error 38)");
    take();
    real.open(held, { write: true, createNew: true }).close();
    isHeld = true;
  });
  Reflect.set(file, "close", () => {
    if (isHeld) real.remove(held);
    close();
  });
}

/** Reads the run first, as a command does that is slow then. */
async function write({ dir, worker, what }: WriterJob): Promise<void> {
  const at = instant(worker);
  if (what === "point") {
    recordPoint(join(dir, "s.sweep.json"), `p${worker}`, { error: at });
    return;
  }
  if (what === "collect") {
    await collectRun(dir, null, at);
    return;
  }
  const run = loadFarmRun(dir);
  changeFarmManifest(run, (now) => {
    if (what === "extend") return extendPlans(now, toysOf(worker), 1, at);
    if (what === "cut") return cutShards(now, [worker], at);
    if (what === "raise") return raiseLimits(now, slurm, worker ? { time: "02:00:00" } : { memory: "8G" }, at);
    return changeOptions(now, { mode: `transfer${worker}` }, "submitted", at);
  });
}

self.onmessage = async ({ data }: MessageEvent<SharedArrayBuffer>) => {
  const gate = new Gate(data);
  for (;;) {
    gate.await([STATE.job], 600_000);
    const text = gate.readText();
    if (text === "") return self.close();
    const job = WriterJob.parse(JSON.parse(text));
    hook(gate, job);
    try {
      await write(job);
      gate.writeText("");
    } catch (error) {
      gate.writeText(error instanceof Error ? `${error.stack}` : String(error));
    }
    gate.set(STATE.ended);
  }
};
