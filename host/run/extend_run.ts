import { livePlans } from "../../core/check_manifest.ts";
import type { FarmManifest } from "../../core/contracts/manifest.ts";
import { FarmError } from "../../core/errors.ts";
import { extendPlans, shardsForExtension } from "../../core/extend_plans.ts";
import type { SchedulerAdapter } from "../../schedulers/adapter.ts";
import { askLimits } from "../jobs/ask_limits.ts";
import { inputsFault } from "./inputs.ts";
import { changeFarmManifest } from "./change_manifest.ts";
import type { Run } from "./load_manifest.ts";
import { nextstatFault } from "../machine/nextstat.ts";
import { renewFiles } from "../jobs/start_run.ts";

export interface Extended {
  run: Run<FarmManifest>;
  /** The new shards. */
  shards: number[];
  n_toys_before: number;
}

/**
 * Adds toys to a run: new shards, and its job files as they are then. Nothing is submitted.
 * @param shards null: as many as make them about as long as the run's own
 * @throws {FarmError} input, when spec, inputs or nextstat are not those of the run; usage
 */
export async function extendRun(
  run: Run<FarmManifest>,
  adapter: SchedulerAdapter,
  n_toys: number,
  shards: number | null,
): Promise<Extended> {
  const { manifest } = run;
  const extend = (now: FarmManifest) =>
    extendPlans(now, n_toys, shards ?? shardsForExtension(now, n_toys), new Date().toISOString());
  extend(manifest);
  const fault = inputsFault(manifest) ?? await nextstatFault(manifest, manifest.nextstat_bin);
  if (fault !== null) {
    throw new FarmError(
      "input",
      `Cannot extend "${run.dir}": ${fault}; the new toys would not be of the same set`,
      "Put it back as it was, or render a new run with --seed next",
    );
  }
  let n_toys_before = manifest.n_toys;
  const made = changeFarmManifest(run, (now) => {
    n_toys_before = now.n_toys;
    return extend(now);
  });
  renewFiles(made, adapter, await askLimits(adapter));
  const added = livePlans(made.manifest).filter((plan) => plan.toy_start >= n_toys_before);
  return { run: made, shards: added.map((plan) => plan.shard_index), n_toys_before };
}
