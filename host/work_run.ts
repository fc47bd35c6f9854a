import { FarmError } from "../core/errors.ts";
import type { FarmManifest } from "../core/contracts/manifest.ts";
import type { LocalShape } from "./allocation.ts";
import type { Run } from "./load_manifest.ts";
import { runWorkLoop, type WorkEvent, type WorkReport } from "./work_loop.ts";
import { type JobIds, openWorkbench } from "./workbench.ts";

/**
 * Opens a workbench, runs the worker loop on it and closes it.
 * @throws {FarmError} input, when this machine has not the nextstat or the inputs of the run
 */
export async function workOnRun(
  run: Run<FarmManifest>,
  ids: JobIds,
  shape: LocalShape,
  order: { token: string; retry_failed: boolean; stop: AbortSignal; begin?: () => void },
  tell: (event: WorkEvent) => void,
): Promise<WorkReport> {
  const bench = await openWorkbench(run, ids);
  try {
    if (bench.fault !== null) {
      throw new FarmError(
        "input",
        `Cannot run the shards of "${run.dir}" here: ${bench.fault}`,
        "Bring back what the run was rendered with, or render a new run",
      );
    }
    // Only now: what is written before this process is known could not be told to be a dead one's.
    order.begin?.();
    return await runWorkLoop(bench, { ...shape, ...order }, tell);
  } finally {
    bench.meter.close();
  }
}
