import { EXIT_CODES } from "../../core/errors.ts";
import type { SweepPoint } from "../../core/schema/sweep.ts";
import type { PointEnd } from "../../runtime/sweep/finish_point.ts";
import { type OpenSweep, pointDir, recordPoint } from "../../runtime/sweep/load.ts";
import type { Output } from "../flags.ts";

/** Calls `act` for every run of a sweep, also after failures; records and prints each result. Returns the exit code. */
export async function eachPoint(
  open: OpenSweep,
  act: (run_dir: string) => PointEnd | Promise<PointEnd>,
  out: Output,
): Promise<number> {
  const ends: (PointEnd & { run_id: string; run_dir: string })[] = [];
  for (const point of open.document.runs) {
    const run_dir = pointDir(open, point);
    const end = await act(run_dir);
    // A sweep of the old scripts keeps its format.
    if (point.farm) recordPoint(open.path, point.run_id, end);
    ends.push({ run_id: point.run_id, run_dir, ...end });
    out.print(pointLine(open, point, end));
  }
  out.document({ sweep_json: open.path, runs: ends });
  return endsCode(ends);
}

/** Returns the exit code for points: 5 where one has no result, else 6 where one fails its guardrails. */
export function endsCode(ends: readonly PointEnd[]): number {
  if (ends.some(({ state }) => state !== "done")) return EXIT_CODES.shards;
  return ends.some(({ error }) => error !== null) ? EXIT_CODES.guardrails : EXIT_CODES.done;
}

/** Returns a line with the state of a point's run and its path. */
export const pointLine = (open: OpenSweep, point: SweepPoint, end: PointEnd): string =>
  endLine(pointDir(open, point), end);

export const endLine = (run_dir: string, { state, error }: PointEnd): string =>
  `${state.padEnd(7)} ${run_dir}${error === null ? "" : `: ${error}`}`;
