import { randomBytes } from "node:crypto";
import { EXIT_CODES, FarmError } from "../core/errors.ts";
import { WORKER_BACKENDS } from "../core/worker_backends.ts";
import { poolOn } from "../runtime/control/work.ts";
import { detachWorker, MEND_FILE, queryWorkers, stopWorkers } from "../runtime/scheduler/background.ts";
import { jobIds } from "../runtime/shard/context.ts";
import { localShape, pilotShape } from "../runtime/system/allocation.ts";
import { watchSignals } from "../runtime/system/process.ts";
import { BEAT_INTERVAL_S } from "../runtime/worker/heartbeats.ts";
import { workOnRun } from "../runtime/worker/run.ts";
import { defineCommand, defineFlags } from "./flags.ts";
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
    const run = flags.ask || flags.stop ? opened : await withCopyToken(opened, out);
    const token = flags.token ?? randomBytes(8).toString("hex");
    if (flags.ask) {
      const { alive, unknown } = await queryWorkers(run);
      const words = [
        ...alive.map((one) => `worker ${one.token} pid ${one.process.pid} ${one.running.length} running`),
        ...unknown.map(({ why }) => why),
      ];
      out.print(words.join("\n") || "no worker is alive");
      out.document({ workers: alive, unknown });
      return EXIT_CODES.done;
    }
    if (flags.stop) {
      const { stopped, unknown } = await stopWorkers(run, flags.token === undefined ? null : [flags.token]);
      const words = stopped.map((one) => `stopped worker ${one.token} pid ${one.process.pid}`);
      if (words.length > 0 || unknown.length === 0) out.print(words.join("\n") || "no worker is alive");
      out.document({ stopped });
      if (unknown[0]) throw new FarmError("unreachable", unknown[0].why, MEND_FILE);
      return EXIT_CODES.done;
    }
    if (flags.detach) {
      const pid = await detachWorker(run, token, workFlags.words(flags, ["detach", "token"]));
      out.print(`worker ${token} pid ${pid}`);
      out.document({ token, pid });
      return EXIT_CODES.done;
    }
    const signals = watchSignals();
    const view = openWorkView(run);
    const slots_on = flags.hosts ? "hosts" : "machine";
    const own = { job_id: `${Deno.pid}`, task_id: null, submission_token: token };
    const ids = flags.pilot ? jobIds(run.manifest, null) : { scheduler: WORKER_BACKENDS[slots_on], ...own };
    try {
      const order = {
        token,
        retry_failed: flags.retryFailed,
        stop: signals.signal,
        scatter: flags.pilot,
        pilot: flags.pilot,
        speculate: flags.speculate,
        ...(flags.heartbeatS === undefined ? {} : { beat_interval_s: flags.heartbeatS }),
      };
      const shape = (flags.pilot ? pilotShape : localShape)(run.manifest, flags.slots ?? null);
      const pool = poolOn(slots_on, shape);
      const report = await workOnRun(run, ids, pool, order, view.notify);
      view.close();
      out.print(
        `${report.done} done, ${report.failed.length} failed, ${report.left.length + report.elsewhere.length} left`,
      );
      out.document(report);
      const incomplete = report.failed.length + report.left.length + report.elsewhere.length > 0;
      // A pilot at the end of its time leaves the rest to others; its job is complete.
      return signals.exitCode() ?? (incomplete && !flags.pilot ? EXIT_CODES.shards : EXIT_CODES.done);
    } finally {
      view.close();
      signals.close();
    }
  },
});

function workerToken(text: string): string {
  if (/^[0-9a-f]{16}$/.test(text)) return text;
  throw new FarmError("usage", `Cannot use --token "${text}": wanted 16 hexadecimal digits`);
}
