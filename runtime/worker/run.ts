import type { FarmManifest } from "../../core/schema/manifest.ts";
import type { Run } from "../run/load_manifest.ts";
import { sweepTemporary } from "../run/temporary.ts";
import { announced, sweepWorkers } from "../run/workers.ts";
import { listAttempts, readAttempts } from "../shard/attempts.ts";
import { type JobContext, type JobIds, openJobContext } from "../shard/context.ts";
import type { ExecutorPool, WorkEvent, WorkOptions, WorkReport } from "./executor.ts";
import { WorkLoop } from "./loop.ts";

/** A request for a worker loop. */
export interface LoopRequest {
  token: string;
  retry_failed: boolean;
  stop: AbortSignal;
  /** Called when the loop begins. */
  begin?: () => void;
  beat_interval_s?: number;
  scatter?: boolean;
  speculate?: boolean;
  drain?: boolean;
  /** Shards that are not rerun. */
  except?: ReadonlySet<number>;
  pilot?: boolean;
}

/** Heartbeat interval in seconds; after three intervals of silence a loop counts as dead. */
const BEAT_INTERVAL_S = 40;

const DEFAULTS = { beat_interval_s: BEAT_INTERVAL_S, scatter: false, speculate: false, drain: false };

/**
 * Runs a worker loop on a run.
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
    const pool = await open(context, request, notify);
    // Only now: files written before this process is announced could not be attributed to a dead process.
    request.begin?.();
    try {
      return await runWorkLoop(context, pool, { ...DEFAULTS, ...request }, notify);
    } finally {
      await pool.close?.();
    }
  } finally {
    context.meter.close();
  }
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
