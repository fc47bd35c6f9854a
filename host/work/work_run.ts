import type { FarmManifest } from "../../core/contracts/manifest.ts";
import type { Run } from "../run/load_manifest.ts";
import type { ExecutorPool } from "./place.ts";
import type { WorkEvent, WorkReport } from "./work_event.ts";
import { runWorkLoop } from "./work_loop.ts";
import { type JobIds, openWorkbench, type Workbench } from "../shard/workbench.ts";

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
}

/** A loop of which nothing is heard for three times as long is taken for dead. */
const BEAT_INTERVAL_S = 40;

const DEFAULTS = { beat_interval_s: BEAT_INTERVAL_S, scatter: false, speculate: false, drain: false };

/**
 * Opens a workbench, runs the worker loop on it and closes it.
 * @param open where it runs
 * @throws {FarmError} input, when this machine has not the nextstat or the inputs of the run
 */
export async function workOnRun(
  run: Run<FarmManifest>,
  ids: JobIds,
  open: (bench: Workbench, request: LoopRequest, tell: (event: WorkEvent) => void) => Promise<ExecutorPool>,
  request: LoopRequest,
  tell: (event: WorkEvent) => void,
): Promise<WorkReport> {
  const bench = await openWorkbench(run, ids);
  try {
    await bench.files.require(`Cannot run the shards of "${run.dir}" here`);
    const pool = await open(bench, request, tell);
    // Only now: what is written before this process is known could not be told to be a dead one's.
    request.begin?.();
    try {
      return await runWorkLoop(bench, pool, { ...DEFAULTS, ...request }, tell);
    } finally {
      await pool.close?.();
    }
  } finally {
    bench.meter.close();
  }
}
