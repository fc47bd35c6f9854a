import { basename, dirname, isAbsolute, join, resolve } from "node:path";
import { errorText, FarmError } from "../../core/errors.ts";
import { MANIFEST, pathNow } from "../../core/run_paths.ts";
import { type PointRecord, Sweep, SWEEP_SCHEMA, type SweepPoint } from "../../core/schema/sweep.ts";
import type { PointFacts } from "../../core/sweep/point_summary.ts";
import { changeDocument } from "../fs/exclusive.ts";
import { orRefusal } from "../fs/list.ts";
import { exists } from "../fs/write.ts";
import { readRunFacts } from "../state/facts.ts";
import { loadStudy, type OpenStudy, type StudyKind } from "./study.ts";

/** Studies of the number of shards. */
export const SWEEP: StudyKind<Sweep> = { name: "sweep", title: "sweep", version: SWEEP_SCHEMA, schema: Sweep };

export type OpenSweep = OpenStudy<Sweep>;

/** Opens a sweep. @throws {FarmError} input */
export const loadSweep = (path: string): OpenSweep => loadStudy(SWEEP, path);

/**
 * Returns the directory of a point's run: beside the sweep's document, as it was rendered, also where both were copied
 * or moved. The paths in a document are used only where it lies apart from all its runs.
 */
export function pointDir({ path, document: sweep }: OpenSweep, point: SweepPoint): string {
  const here = dirname(path);
  if (here === resolve(sweep.out_root)) return besideOf(sweep, point, here);
  const isWithRuns = sweep.runs.some((one) => exists(join(besideOf(sweep, one, here), MANIFEST)));
  return isWithRuns ? besideOf(sweep, point, here) : writtenDir(sweep, point);
}

const writtenDir = ({ out_root }: Sweep, { run_dir }: SweepPoint): string =>
  isAbsolute(run_dir) ? run_dir : join(out_root, run_dir);

/** Returns the path of a run relative to the sweep's present folder; a run outside that folder keeps its path. */
function besideOf(sweep: Sweep, point: SweepPoint, here: string): string {
  const written = writtenDir(sweep, point);
  return pathNow(isAbsolute(written) ? written : basename(written), [sweep.out_root], here) ?? written;
}

/** Returns a point without any result yet. */
export function openPoint(repeat: number): PointRecord {
  return {
    repeat,
    state: "open",
    error: null,
    started_at_utc: null,
    finished_at_utc: null,
    stopwatch_s: null,
    before: null,
    after: null,
  };
}

/** Returns the point's record, or an open one where the old scripts wrote none. */
export const recordOf = (point: SweepPoint): PointRecord => point.farm ?? openPoint(1);

/** Writes the changes of a point into the sweep's present document, under its lock. */
export function recordPoint(path: string, run_id: string, change: Partial<PointRecord>): PointRecord {
  const { runs } = changeDocument(path, () => loadSweep(path).document, (now) => withPoint(now, run_id, change));
  const point = runs.find((one) => one.run_id === run_id);
  return point ? recordOf(point) : openPoint(1);
}

const withPoint = (sweep: Sweep, run_id: string, change: Partial<PointRecord>): Sweep => ({
  ...sweep,
  runs: sweep.runs.map((point) =>
    point.run_id === run_id ? { ...point, farm: { ...recordOf(point), ...change } } : point
  ),
});

/** Returns the facts of a sweep's runs. A run that cannot be read is a row with its reason. */
export function readSweepFacts(open: OpenSweep): PointFacts[] {
  return open.document.runs.map((point) => {
    const run_dir = pointDir(open, point);
    const { shards, run_id, farm } = point;
    return { shards, repeat: farm?.repeat ?? 1, run_id, run_dir, record: farm ?? null, ...guarded(run_dir) };
  });
}

function guarded(run_dir: string): Pick<PointFacts, "facts" | "fault"> {
  const facts = orRefusal(() => readRunFacts(run_dir));
  return facts instanceof FarmError ? { facts: null, fault: errorText(facts) } : { facts, fault: null };
}
