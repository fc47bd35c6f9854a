import { attemptTime } from "../../core/attempt_time.ts";
import { cutPlans, uncutPlan } from "../../core/check_manifest.ts";
import { cutUncut, type ProbeTime, type TimedSlots, timesOfProbes } from "../../core/cut_by_time.ts";
import type { FarmManifest, Plan } from "../../core/schema/manifest.ts";
import { recordFacts } from "../../core/shard_facts.ts";
import { executorOf, slotsOn } from "../../core/worker_backends.ts";
import { changeFarmManifest } from "../run/change_manifest.ts";
import type { Run } from "../run/load_manifest.ts";
import { readTimed } from "./read.ts";

/** Returns the time of toys that the finished shards of a run show; none before the first has finished. */
export function measuredTimes({ dir, manifest }: Run<FarmManifest>): TimedSlots[] {
  const probes = cutPlans(manifest).flatMap((plan) => timeOf(dir, manifest, plan) ?? []);
  return timesOfProbes(probes, slotsOn(manifest.scheduler) !== undefined);
}

/** Returns the time of toys that the trial fit showed; none where there was no such fit. */
export function trialTimes({ farm: { trial } }: FarmManifest): TimedSlots[] {
  const { toy_s, startup_s } = trial?.toy ?? {};
  return toy_s === undefined || startup_s === undefined ? [] : [{ executor: null, slots: null, toy_s, startup_s }];
}

function timeOf(dir: string, manifest: FarmManifest, plan: Plan): ProbeTime | null {
  const { found, timing } = readTimed(dir, manifest, plan);
  if (found.kind !== "done") return null;
  const { farm } = found.metrics;
  const { wall_s, fit_s } = recordFacts(farm, attemptTime(farm), timing);
  const executor = farm.slot === null ? farm.host : executorOf(farm.slot);
  return wall_s === null ? null : { executor, n_toys: plan.n_toys, wall_s, fit_s };
}

/**
 * Cuts the toys of a run that are not in shards yet, by the times that its finished shards show. Of several processes
 * that do it at the same time the first decides, and the others find its shards.
 * @param otherwise the times where no shard has finished; none: nothing is cut then
 * @returns the run with its present manifest
 * @throws {FarmError} input, when the manifest cannot be read or written
 */
export function cutRest(run: Run<FarmManifest>, otherwise: readonly TimedSlots[] = []): Run<FarmManifest> {
  if (!uncutPlan(run.manifest)) return run;
  const measured = measuredTimes(run);
  const times = measured.length > 0 ? measured : otherwise;
  if (times.length === 0) return run;
  return changeFarmManifest(run, (now) => cutUncut(now, times, new Date().toISOString()));
}
