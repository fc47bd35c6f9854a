import { randomBytes } from "node:crypto";
import { EXIT_CODES, FarmError } from "../core/errors.ts";
import type { FarmManifest } from "../core/schema/manifest.ts";
import { WORKER_BACKENDS } from "../core/worker_backends.ts";
import { poolOn } from "../runtime/control/work.ts";
import type { Run } from "../runtime/run/load_manifest.ts";
import { detachWorker, MEND_FILE, queryWorkers, stopWorkers } from "../runtime/scheduler/background.ts";
import { jobIds } from "../runtime/shard/context.ts";
import { localShape, pilotShape } from "../runtime/system/allocation.ts";
import { watchSignals } from "../runtime/system/process.ts";
import { BEAT_INTERVAL_S } from "../runtime/worker/heartbeats.ts";
import { type LoopRequest, workOnRun } from "../runtime/worker/run.ts";
import { defineCommand, defineFlags, type Output } from "./flags.ts";
import { openWorkView } from "./progress.ts";
import { runOf, withCopyToken } from "./run_dir_flags.ts";

const workFlags = defineFlags({
  slots: {
    type: "integer",
    min: 1,
    max: 100_000,
    placeholder: "n",
    help: "number of shards to run at once (default: CPUs / threads)",
  },
  "retry-failed": { type: "boolean", help: "also rerun failed shards" },
  hosts: { type: "boolean", help: "run them on the hosts of the run's hosts file instead of here" },
  pilot: { type: "boolean", help: "act as a pilot: use the job's CPUs and keep to its time limit" },
  speculate: { type: "boolean", help: "if no shard is open, start a copy of a very slow one" },
  "heartbeat-s": {
    type: "number",
    min: 0.1,
    placeholder: "s",
    help: `heartbeat interval in seconds (default: ${BEAT_INTERVAL_S})`,
  },
  detach: { type: "boolean", help: "continue in the background; its output goes to logs/ of the run" },
  ask: { type: "boolean", help: "print the workers of this run that are alive on this machine" },
  stop: { type: "boolean", help: "stop them (with --token: that one)" },
  token: { type: "string", placeholder: "hex", help: "name of the worker, 16 hexadecimal digits", read: workerToken },
});

export default defineCommand({
  flags: workFlags,
  run: async ({ args, flags, out }) => {
    const opened = runOf(args, out);
    if (flags.ask) return await printWorkers(opened, out);
    if (flags.stop) return await stopThem(opened, flags.token, out);
    const run = await withCopyToken(opened, out);
    const token = flags.token ?? randomBytes(8).toString("hex");
    return flags.detach ? await workDetached(run, token, flags, out) : await workHere(run, token, flags, out);
  },
});

type WorkFlags = ReturnType<typeof workFlags.read>;

async function printWorkers(run: Run<FarmManifest>, out: Output): Promise<void> {
  const { alive, unknown } = await queryWorkers(run);
  const words = [
    ...alive.map((one) => `worker ${one.token} pid ${one.process.pid} ${one.running.length} running`),
    ...unknown.map(({ why }) => why),
  ];
  out.print(words.join("\n") || "no worker is alive");
  out.document({ workers: alive, unknown });
}

/** @throws {FarmError} unreachable, where it is unknown whether one of them runs */
async function stopThem(run: Run<FarmManifest>, token: string | undefined, out: Output): Promise<void> {
  const { stopped, unknown } = await stopWorkers(run, token === undefined ? null : [token]);
  const words = stopped.map((one) => `stopped worker ${one.token} pid ${one.process.pid}`);
  if (words.length > 0 || unknown.length === 0) out.print(words.join("\n") || "no worker is alive");
  out.document({ stopped });
  if (unknown[0]) throw new FarmError("unreachable", unknown[0].why, MEND_FILE);
}

async function workDetached(run: Run<FarmManifest>, token: string, flags: WorkFlags, out: Output): Promise<void> {
  const pid = await detachWorker(run, token, workFlags.words(flags, ["detach", "token"]));
  out.print(`worker ${token} pid ${pid}`);
  out.document({ token, pid });
}

async function workHere(run: Run<FarmManifest>, token: string, flags: WorkFlags, out: Output): Promise<number> {
  const signals = watchSignals();
  const view = openWorkView(run);
  const slots_on = flags.hosts ? "hosts" : "machine";
  const own = { job_id: `${Deno.pid}`, task_id: null, submission_token: token };
  const ids = flags.pilot ? jobIds(run.manifest, null) : { scheduler: WORKER_BACKENDS[slots_on], ...own };
  try {
    const shape = (flags.pilot ? pilotShape : localShape)(run.manifest, flags.slots ?? null);
    const request = requestOf(token, flags, signals.signal);
    const report = await workOnRun(run, ids, poolOn(slots_on, shape), request, view.notify);
    view.close();
    const { done, failed, left, elsewhere } = report;
    out.print(`${done} done, ${failed.length} failed, ${left.length + elsewhere.length} left`);
    out.document(report);
    const incomplete = failed.length + left.length + elsewhere.length > 0;
    // A pilot at the end of its time leaves the rest to others; its job is complete.
    return signals.exitCode() ?? (incomplete && !flags.pilot ? EXIT_CODES.shards : EXIT_CODES.done);
  } finally {
    view.close();
    signals.close();
  }
}

const requestOf = (token: string, flags: WorkFlags, stop: AbortSignal): LoopRequest => ({
  ...{ token, stop, retry_failed: flags.retryFailed, takes_unannounced: flags.retryFailed, speculate: flags.speculate },
  ...{ scatter: flags.pilot, pilot: flags.pilot },
  ...(flags.heartbeatS === undefined ? {} : { beat_interval_s: flags.heartbeatS }),
});

function workerToken(text: string): string {
  if (/^[0-9a-f]{16}$/.test(text)) return text;
  throw new FarmError("usage", `Cannot use --token "${text}": wanted 16 hexadecimal digits`);
}
