import { uncutPlan } from "../../core/check_manifest.ts";
import type { FarmManifest } from "../../core/schema/manifest.ts";
import type { Run } from "../run/load_manifest.ts";
import { sweepTemporary } from "../run/temporary.ts";
import { announced, sweepWorkers } from "../run/workers.ts";
import { listAttempts, readAttempts } from "../shard/attempts.ts";
import { type JobContext, type JobIds, openJobContext } from "../shard/context.ts";
import { cutRest } from "../shard/cut_rest.ts";
import type { ExecutorPool, WorkEvent, WorkOptions, WorkReport } from "./executor.ts";
import { BEAT_INTERVAL_S } from "./heartbeats.ts";
import { WorkLoop } from "./loop.ts";

export interface LoopRequest extends Omit<WorkOptions, keyof typeof DEFAULTS>, Partial<typeof DEFAULTS> {
  /** Called when the loop begins, and again when the toys that were not in shards are cut. */
  begin?: (run: Run<FarmManifest>) => void;
}

const DEFAULTS = { beat_interval_s: BEAT_INTERVAL_S, scatter: false, speculate: false, drain: false };

/**
 * Runs a worker loop on a run; where its toys are to be cut by the time of probes, first a loop for the probes.
 * @param open opens the executors
 * @throws {FarmError} input, when this machine lacks the nextstat or the inputs of the run
 */
export async function workOnRun(
  run: Run<FarmManifest>,
  ids: JobIds,
  open: (context: JobContext, request: LoopRequest, notify: (event: WorkEvent) => void) => Promise<ExecutorPool>,
  request: LoopRequest,
  notify: (event: WorkEvent) => void,
): Promise<WorkReport> {
  const context = await openJobContext(run, ids);
  try {
    await context.files.require(`Cannot run the shards of "${run.dir}" here`);
    const once = notifyOnce(notify);
    const report = await workOnPool(context, open, request, once);
    const cut = uncutPlan(run.manifest) && hasEnded(report, request) ? cutRest(run) : run;
    if (uncutPlan(cut.manifest) || cut === run) return report;
    once({ kind: "executor", message: cut.manifest.farm.history.at(-1)?.change ?? "" });
    return await workOnPool({ ...context, run: cut }, open, { ...request, retry_failed: false }, once);
  } finally {
    context.meter.close();
  }
}

async function workOnPool(
  context: JobContext,
  open: Parameters<typeof workOnRun>[2],
  request: LoopRequest,
  notify: (event: WorkEvent) => void,
): Promise<WorkReport> {
  const pool = await open(context, request, notify);
  // Only now: files written before this process is announced could not be attributed to a dead process.
  request.begin?.(context.run);
  try {
    return await runWorkLoop(context, pool, { ...DEFAULTS, ...request }, notify);
  } finally {
    await pool.close?.();
  }
}

/** Whether each shard of a loop is done or has failed, so that the loop shows all times that it can. */
const hasEnded = ({ left, elsewhere }: WorkReport, { stop, drain = false }: LoopRequest): boolean =>
  !stop.aborted && !drain && left.length + elsewhere.length === 0;

/** Returns a function that passes events on, and a shard that the first of two loops has done only once. */
function notifyOnce(notify: (event: WorkEvent) => void): (event: WorkEvent) => void {
  const done = new Set<number>();
  return (event) => {
    const shard = event.kind === "found" ? event.record.shard_index : event.kind === "done" ? event.shard : null;
    if (event.kind === "found" && done.has(event.record.shard_index)) return;
    if (shard !== null) done.add(shard);
    notify(event);
  };
}

/**
 * Runs the open shards in free slots, checks and commits each, until none is left. Any number of loops may work on one
 * run: each shard's attempt file has one owner.
 */
export async function runWorkLoop(
  context: JobContext,
  pool: ExecutorPool,
  options: WorkOptions,
  notify: (event: WorkEvent) => void,
): Promise<WorkReport> {
  const { run: { dir, manifest }, machine } = context;
  await sweepTemporary(dir, machine);
  await sweepLoops(context);
  const { token, beat_interval_s, pilot } = options;
  const { run_token } = manifest.farm;
  const worker = { token, slots: pool.slots, run_token, process: machine.process, ...(pilot ? { pilot } : {}) };
  const report = await announced(
    dir,
    worker,
    beat_interval_s,
    () => new WorkLoop(context, pool, options, notify).run(),
  );
  await sweepLoops(context);
  return report;
}

/** Removes the files of dead loops. Attempts on a host keep none: their host reports on them, whatever became of the driver. */
async function sweepLoops({ run, machine }: JobContext): Promise<void> {
  await sweepWorkers(run, machine.process.boot_id, () =>
    [...listAttempts(run.dir)]
      .flatMap(([shard, numbers]) => readAttempts(run.dir, shard, numbers))
      .filter(({ end, remote }) => end === null && !remote)
      .map(({ wrapper }) => wrapper));
}
