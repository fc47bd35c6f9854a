import { FarmError } from "../errors.ts";
import { predictMakespan } from "../plan/make_plan.ts";
import { type Pilot, readPilot } from "../plan/pilot.ts";
import { doneShards } from "../run_facts.ts";
import type { PointFacts } from "./point_summary.ts";

/** What a plan made from one run of a sweep predicts for its other counts. */
export interface SweepPlan {
  run_id: string;
  shards: number;
  /** null for the pilot's own count. */
  predicted: (shards: number, n_toys: number) => number | null;
}

/** Each slot of a pilot should have run so many shards: the pause between two is the median of what was seen. */
const SHARDS_PER_SLOT = 4;

/** Makes a plan from the smallest finished run that tells enough; null where none does. */
export function planFromSweep(points: readonly PointFacts[]): SweepPlan | null {
  const pilots = points.flatMap(({ facts }) => {
    if (!facts || facts.is_old || doneShards(facts).length < facts.shards.length) return [];
    const pilot = pilotOf(facts);
    return pilot ? [pilot] : [];
  }).sort((a, b) => a.shards - b.shards);
  const slots = (pilot: Pilot) => pilot.hosts.reduce((sum, host) => sum + host.slots, 0);
  const most = pilots.at(-1)?.shards;
  const pilot = pilots.find((one) => one.shards >= SHARDS_PER_SLOT * slots(one)) ??
    pilots.find((one) => one.shards === most);
  if (!pilot) return null;
  const predicted = (shards: number, n_toys: number) =>
    shards === pilot.shards ? null : predictMakespan(pilot, n_toys, shards);
  return { run_id: pilot.run_id, shards: pilot.shards, predicted };
}

function pilotOf(facts: NonNullable<PointFacts["facts"]>): Pilot | null {
  try {
    return readPilot(facts);
  } catch (error) {
    if (error instanceof FarmError) return null;
    throw error;
  }
}
