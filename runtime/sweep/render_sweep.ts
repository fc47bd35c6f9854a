import { join } from "node:path";
import { FarmError } from "../../core/errors.ts";
import { requestDifference, requestDir, type RunRequest } from "../../core/request.ts";
import { MANIFEST } from "../../core/run_paths.ts";
import type { FarmManifest } from "../../core/schema/manifest.ts";
import { type Sweep, SWEEP_RECORD_SCHEMA, SWEEP_SCHEMA } from "../../core/schema/sweep.ts";
import type { PlannedPoint } from "../../core/sweep/points.ts";
import { splitToys } from "../../core/toys.ts";
import { VERSION } from "../../core/version.ts";
import type { Backend } from "../../schedulers/adapter.ts";
import { changeDocument } from "../fs/exclusive.ts";
import { exists } from "../fs/write.ts";
import { renderRun } from "../render/render.ts";
import { loadFarmRun, type Run } from "../run/load_manifest.ts";
import { queryLimits } from "../scheduler/drive.ts";
import { loadSweep, openPoint, type OpenSweep, SWEEP } from "./load.ts";
import { studyPath } from "./study.ts";

/** A request for a sweep: the request of each run, and which runs. */
export interface SweepRequest {
  sweep_id: string;
  points: PlannedPoint[];
  repeats: number;
  order_seed: number;
  /** Its `shards` and `run_id` differ from point to point. */
  request: RunRequest;
}

const sweepPath = ({ request, sweep_id }: SweepRequest): string => studyPath(request.out_dir, sweep_id, SWEEP);

/**
 * Renders all runs of a sweep, then its document. Runs of an interrupted render are kept.
 * @param warn receives warnings
 * @throws {FarmError} usage, when the sweep exists, a run differs, or a count is impossible
 */
export async function renderSweep(
  requested: SweepRequest,
  adapter: Backend,
  warn: (warning: string) => void,
): Promise<OpenSweep> {
  const path = sweepPath(requested);
  checkFree(path);
  const missing = requested.points.filter((point) => !isThere(pointRequest(requested, point)));
  const limits = await queryLimits(adapter);
  const warnings = new Set<string>();
  let first: Run<FarmManifest> | null = null;
  for (const [i, point] of missing.entries()) {
    // All runs have one spec, one seed and one nextstat: one toy is fitted for all, and all have the starts of the first.
    const request = { ...pointRequest(requested, point), check: requested.request.check && i === 0 };
    const { run, rendered }: Awaited<ReturnType<typeof renderRun>> = await renderRun(request, adapter, limits, first);
    first ??= run;
    for (const warning of rendered.warnings) warnings.add(warning);
  }
  for (const warning of warnings) warn(warning);
  const sweep = sweepDocument(requested);
  changeDocument(path, () => checkFree(path), () => sweep);
  return { path, document: sweep };
}

function checkFree(path: string): undefined {
  if (!exists(path)) return undefined;
  throw new FarmError(
    "usage",
    `Cannot render the sweep "${path}": it exists already`,
    "Choose another --sweep-id; sweep run and sweep submit continue this one",
  );
}

const pointRequest = ({ request }: SweepRequest, { shards, run_id }: PlannedPoint): RunRequest => ({
  ...request,
  shards,
  run_id,
});

/** Whether a run of this request was rendered already. @throws {FarmError} usage, when its run has another request */
function isThere(request: RunRequest): boolean {
  splitToys(request.n_toys, request.shards);
  const dir = requestDir(request);
  if (!exists(dir)) return false;
  const next = "Choose another --sweep-id";
  if (!exists(join(dir, MANIFEST))) {
    throw new FarmError("usage", `Cannot render "${dir}": it exists and is no run directory`, next);
  }
  const difference = requestDifference(loadFarmRun(dir).manifest, request);
  if (difference === null) return true;
  throw new FarmError("usage", `Cannot use the run "${dir}" in the sweep: ${difference}`, next);
}

function sweepDocument({ sweep_id, points, repeats, order_seed, request }: SweepRequest): Sweep {
  return {
    schema_version: SWEEP_SCHEMA,
    created_at_utc: new Date().toISOString(),
    sweep_id,
    scheduler: request.scheduler,
    config: request.config,
    n_toys: request.n_toys,
    seed: request.seed,
    threads: request.threads,
    nextstat_bin: request.nextstat_bin,
    out_root: request.out_dir,
    runs: points.map(({ shards, repeat, run_id }) => ({
      shards,
      run_id,
      run_dir: requestDir({ ...request, run_id }),
      farm: openPoint(repeat),
    })),
    farm: {
      schema_version: SWEEP_RECORD_SCHEMA,
      nsfarm_version: VERSION,
      repeats,
      order_seed,
      mode: request.mode,
      options: request.options,
    },
  };
}

/**
 * Returns the sweep of that name, where it was rendered with the same options; undefined where there is none.
 * @throws {FarmError} usage, when it was rendered with other options
 */
export function openSameSweep(requested: SweepRequest): OpenSweep | undefined {
  const path = sweepPath(requested);
  if (!exists(path)) return undefined;
  const found = loadSweep(path);
  const wanted = requested.points.map(({ run_id }) => run_id).join(", ");
  const has = found.document.runs.map(({ run_id }) => run_id).join(", ");
  if (wanted !== has) {
    throw new FarmError(
      "usage",
      `Cannot go on with the sweep "${path}": it has the runs ${has}; you gave ${wanted}`,
      "Give the same --shards-list, --repeats and --order-seed, or another --sweep-id",
    );
  }
  for (const point of requested.points) isThere(pointRequest(requested, point));
  return found;
}
