import type { FarmManifest } from "../../core/contracts/manifest.ts";
import type { Run } from "../run/load_manifest.ts";
import type { Place } from "./place.ts";
import type { WorkEvent, WorkReport } from "./work_event.ts";
import { runWorkLoop } from "./work_loop.ts";
import { type JobIds, openWorkbench, type Workbench } from "../shard/workbench.ts";

export interface LoopOrder {
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

/** Where a loop's shards run. */
export interface Crew {
  places: Place[];
  /** As the loop is announced. */
  slots: number;
  /** What is to be done when the loop has ended. */
  close(): Promise<void>;
}

/**
 * Opens a workbench, runs the worker loop on it and closes it.
 * @param gather the places where it runs
 * @throws {FarmError} input, when this machine has not the nextstat or the inputs of the run
 */
export async function workOnRun(
  run: Run<FarmManifest>,
  ids: JobIds,
  gather: (bench: Workbench, order: LoopOrder, tell: (event: WorkEvent) => void) => Promise<Crew>,
  order: LoopOrder,
  tell: (event: WorkEvent) => void,
): Promise<WorkReport> {
  const bench = await openWorkbench(run, ids);
  try {
    await bench.files.require(`Cannot run the shards of "${run.dir}" here`);
    const crew = await gather(bench, order, tell);
    // Only now: what is written before this process is known could not be told to be a dead one's.
    order.begin?.();
    try {
      return await runWorkLoop(bench, crew.places, { ...DEFAULTS, slots: crew.slots, ...order }, tell);
    } finally {
      await crew.close();
    }
  } finally {
    bench.meter.close();
  }
}
