import { errorText, FarmError } from "../../core/errors.ts";
import type { PointFacts } from "../../core/sweep/point_summary.ts";
import { readRunFacts } from "../state/read_facts.ts";
import { type OpenSweep, pointDir } from "./load_sweep.ts";

/** What the directories of a sweep's runs tell. One that cannot be read is a row with its reason. */
export function readSweepFacts(open: OpenSweep): PointFacts[] {
  return open.sweep.runs.map((point) => {
    const run_dir = pointDir(open, point);
    const { shards, run_id, farm } = point;
    return { shards, repeat: farm?.repeat ?? 1, run_id, run_dir, record: farm ?? null, ...guarded(run_dir) };
  });
}

function guarded(run_dir: string): Pick<PointFacts, "facts" | "fault"> {
  try {
    return { facts: readRunFacts(run_dir), fault: null };
  } catch (error) {
    if (error instanceof FarmError) return { facts: null, fault: errorText(error) };
    throw error;
  }
}
