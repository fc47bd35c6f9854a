import type { FarmManifest } from "../../core/contracts/manifest.ts";
import type { SchedulerAdapter } from "../../schedulers/adapter.ts";
import { cancelRun } from "./cancel_run.ts";
import type { Run } from "../run/load_manifest.ts";
import type { RunStatus } from "../state/run_status.ts";

/** Pilots that hang, or still wait to begin, are not wanted when all shards are done. */
export async function endPilots(
  run: Run<FarmManifest>,
  adapter: SchedulerAdapter,
  { progress }: RunStatus,
): Promise<void> {
  if (run.manifest.farm.pilots !== null && progress.done === progress.total) await cancelRun(run, adapter);
}
