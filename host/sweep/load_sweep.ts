import { basename, dirname, isAbsolute, join, resolve } from "node:path";
import { type PointRecord, Sweep, SWEEP_SCHEMA, type SweepPoint } from "../../core/contracts/sweep.ts";
import { MANIFEST } from "../../core/run_paths.ts";
import { inputError, readDocument } from "../disk/read_file.ts";
import { exists, writeDocument } from "../disk/write_file.ts";

/** A sweep's document and where it lies. */
export interface OpenSweep {
  path: string;
  sweep: Sweep;
}

/** @throws {FarmError} input, when it is not there or no sweep document */
export function loadSweep(path: string): OpenSweep {
  try {
    return { path: resolve(path), sweep: readDocument(resolve(path), Sweep) };
  } catch (error) {
    throw inputError("the sweep", path, error, `Name a <sweep_id>.sweep.json of schema ${SWEEP_SCHEMA}`);
  }
}

/** Where a point's run lies: as written, or beside the sweep's document where that has moved. */
export function pointDir({ path, sweep }: OpenSweep, point: SweepPoint): string {
  const written = isAbsolute(point.run_dir) ? point.run_dir : join(sweep.out_root, point.run_dir);
  if (exists(join(written, MANIFEST))) return written;
  const beside = join(dirname(path), basename(point.run_dir));
  return exists(join(beside, MANIFEST)) ? beside : written;
}

/** A point that nothing is known of yet. */
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

/** The point's record, or an open one where the old scripts wrote none. */
export const recordOf = (point: SweepPoint): PointRecord => point.farm ?? openPoint(1);

/** Writes what is new of a point into the sweep's document, which is read anew: somebody may have written in the meantime. */
export function recordPoint(path: string, run_id: string, change: Partial<PointRecord>): PointRecord {
  const { sweep } = loadSweep(path);
  const runs = sweep.runs.map((point) =>
    point.run_id === run_id ? { ...point, farm: { ...recordOf(point), ...change } } : point
  );
  writeDocument(path, { ...sweep, runs });
  const point = runs.find((one) => one.run_id === run_id);
  return point ? recordOf(point) : openPoint(1);
}
