import { livePlans } from "./check_manifest.ts";
import { plural, rounded, shortDuration } from "./format.ts";
import type { FarmManifest, Manifest } from "./schema/manifest.ts";

interface ToyCost {
  /** CPU seconds of a toy. */
  toy_s: number;
  /** CPU seconds of a shard besides its toys; 0 where they are part of those of a toy. */
  startup_s: number;
  /** Where the numbers are from. */
  from: string;
}

/** Smallest share of the start-up in the whole cost that is reported. */
const MIN_STARTUP_SHARE = 0.05;

/** Returns the cost of toys by the trial fit; null: there was none, or nextstat did not say how long it took. */
export function trialCost({ farm: { trial } }: FarmManifest): ToyCost | null {
  const { fit_cpu_s: toy_s, startup_cpu_s: startup_s } = trial?.toy ?? {};
  return toy_s === undefined || startup_s === undefined ? null : { toy_s, startup_s, from: "the trial fit" };
}

/** What the manifest of a collected run says of its CPU time. */
export interface CollectedRun extends Pick<Manifest, "run_id" | "n_toys"> {
  collected_at_utc: string;
  spec_sha256: string;
  gen: string;
  pulls: boolean;
  workload: string | null;
  /** Number of starts from which each toy was fitted. */
  k: number;
  /** CPU seconds of its toys. */
  cpu_s: number;
}

/** Returns the cost of toys by the last run of the same fits; null: there is none. */
export function earlierCost({ run_id, farm }: FarmManifest, runs: readonly CollectedRun[]): ToyCost | null {
  const last = runs.filter((one) =>
    one.run_id !== run_id && one.cpu_s > 0 && one.spec_sha256 === farm.spec_sha256 && one.gen === farm.gen &&
    one.pulls === farm.pulls && one.workload === (farm.workload?.name ?? null) && one.k === (farm.starts?.k ?? 1)
  ).sort((a, b) => a.collected_at_utc < b.collected_at_utc ? -1 : 1).at(-1);
  return last ? { toy_s: last.cpu_s / last.n_toys, startup_s: 0, from: `the run "${last.run_id}"` } : null;
}

/**
 * Returns one line on what the open shards of a run will cost: `about 3.4 CPU hours (10000 toys at 1.2 s each, from the
 * trial fit)`; null where all are there.
 * @param there shards with a result
 */
export function describeCost(manifest: FarmManifest, there: ReadonlySet<number>, cost: ToyCost): string | null {
  const open = livePlans(manifest).filter(({ shard_index }) => !there.has(shard_index));
  const n_toys = open.reduce((sum, plan) => sum + plan.n_toys, 0);
  if (n_toys === 0) return null;
  const startup_s = open.length * cost.startup_s;
  const total_s = n_toys * cost.toy_s + startup_s;
  const startup = startup_s > MIN_STARTUP_SHARE * total_s
    ? `, ${shortDuration(cost.startup_s)} of start-up for each of ${plural(open.length, "shard")}`
    : "";
  return `about ${cpuText(total_s)} (${plural(n_toys, "toy")} at ${
    eachText(cost.toy_s)
  } each${startup}, from ${cost.from})`;
}

/** Returns CPU time with two digits: `3.4 CPU hours`, `12 CPU minutes`. */
function cpuText(s: number): string {
  if (s < 60) return `${rounded(s, 2)} CPU seconds`;
  return s < 3600 ? `${rounded(s / 60, 2)} CPU minutes` : `${rounded(s / 3600, 2)} CPU hours`;
}

const eachText = (s: number): string => s < 0.1 ? `${rounded(s * 1000, 2)} ms` : `${rounded(s, 2)} s`;
