import { dirname, join, resolve } from "node:path";
import { FarmError } from "../../core/errors.ts";
import { limitPoint } from "../../core/limit/summary.ts";
import { requestDifference, type RunRequest } from "../../core/request.ts";
import { MANIFEST, MERGED } from "../../core/run_paths.ts";
import { HypotestMerged } from "../../core/schema/hypotest.ts";
import { Limit, LIMIT_SCHEMA, type LimitPoint } from "../../core/schema/limit.ts";
import type { FarmManifest } from "../../core/schema/manifest.ts";
import { VERSION } from "../../core/version.ts";
import type { Backend } from "../../schedulers/adapter.ts";
import { changeDocument, commitByLink } from "../fs/exclusive.ts";
import { inputError, readDocument, Unreadable } from "../fs/read.ts";
import { exists, removeQuietly, writeTemporary } from "../fs/write.ts";
import { mergedCheckOf } from "../merge/check_merged.ts";
import { renderRun } from "../render/render.ts";
import { loadFarmRun, type Run } from "../run/load_manifest.ts";
import { queryLimits } from "../scheduler/drive.ts";

/** A request for a limit: the request of each run but for its mu, and the tested values. */
export interface LimitRequest {
  limit_id: string;
  mus: readonly number[];
  /** Toys that one point may get at most; the seeds of the points lie so far apart. */
  seed_stride: number;
  /** Its `mu`, `seed` and `run_id` differ from point to point. */
  request: RunRequest;
}

/** A limit's document and its path. */
export interface OpenLimit {
  path: string;
  limit: Limit;
}

const limitPath = ({ request, limit_id }: LimitRequest): string => join(request.out_dir, `${limit_id}.limit.json`);

/**
 * Opens a limit.
 * @throws {FarmError} input, when it does not exist or is no such document
 */
export function loadLimit(path: string): OpenLimit {
  try {
    return { path: resolve(path), limit: readDocument(resolve(path), Limit) };
  } catch (error) {
    throw inputError("the limit", path, error, `Name a <limit_id>.limit.json of schema ${LIMIT_SCHEMA}`);
  }
}

/** Returns the requests of the runs, in ascending order of mu. */
function pointRequests({ limit_id, mus, seed_stride, request }: LimitRequest): RunRequest[] {
  return mus.map((mu, i) => ({
    ...request,
    mu,
    seed: request.seed + i * seed_stride,
    run_id: `${limit_id}_mu${mu}`,
  }));
}

/**
 * Renders the runs of a limit that are not there yet, then its document.
 * @param warn receives warnings
 * @throws {FarmError} usage, where a run or the document is there with other options
 */
export async function renderLimit(
  requested: LimitRequest,
  adapter: Backend,
  warn: (warning: string) => void,
): Promise<OpenLimit> {
  const limits = await queryLimits(adapter);
  const warnings = new Set<string>();
  for (const request of pointRequests(requested)) {
    if (isThere(request)) continue;
    const { rendered } = await renderRun(request, adapter, limits);
    for (const warning of rendered.warnings) warnings.add(warning);
  }
  for (const warning of warnings) warn(warning);
  const path = limitPath(requested);
  const temporary = writeTemporary(path, `${JSON.stringify(documentOf(requested), null, 2)}\n`);
  if (!commitByLink(temporary, path)) removeQuietly(temporary);
  return loadLimit(path);
}

/**
 * Whether a run of this request was rendered already.
 * @throws {FarmError} usage, when a run of its name has another request
 */
function isThere(request: RunRequest): boolean {
  const dir = join(request.out_dir, request.run_id);
  if (!exists(join(dir, MANIFEST))) return false;
  const difference = requestDifference(loadFarmRun(dir).manifest, request);
  if (difference === null) return true;
  const next = "Give the same options, or another --limit-id";
  throw new FarmError("usage", `Cannot use the run "${dir}" for the limit: ${difference}`, next);
}

function documentOf(requested: LimitRequest): Limit {
  const { limit_id, seed_stride, request } = requested;
  return {
    schema_version: LIMIT_SCHEMA,
    created_at_utc: new Date().toISOString(),
    nsfarm_version: VERSION,
    limit_id,
    workload: request.workload,
    scheduler: request.scheduler,
    config: request.config,
    n_toys: request.n_toys,
    seed: request.seed,
    seed_stride,
    out_root: request.out_dir,
    points: pointRequests(requested).map(({ mu, run_id }) => ({ mu: mu ?? 0, run_id })),
    rounds: [],
  };
}

/**
 * Returns the limit of that name where it was rendered with the same options; undefined where there is none.
 * @throws {FarmError} usage, when it was rendered with others
 */
export function openSameLimit(requested: LimitRequest): OpenLimit | undefined {
  const path = limitPath(requested);
  if (!exists(path)) return undefined;
  const found = loadLimit(path);
  const [wanted, has] = [documentOf(requested), found.limit].map(({ points }) => points.map(({ mu }) => mu).join(", "));
  const next = "Give the same options, or another --limit-id";
  if (wanted !== has) {
    throw new FarmError("usage", `Cannot go on with the limit "${path}": it has mu = ${has}; you gave ${wanted}`, next);
  }
  const { n_toys } = found.limit;
  if (n_toys !== requested.request.n_toys) {
    throw new FarmError(
      "usage",
      `Cannot go on with the limit "${path}": it has --n-toys ${n_toys}, you gave ${requested.request.n_toys}`,
      next,
    );
  }
  if (found.limit.seed_stride !== requested.seed_stride) {
    const [was, now] = [found.limit.seed_stride, requested.seed_stride];
    throw new FarmError(
      "usage",
      `Cannot go on with the limit "${path}": its points have room for ${was} toys, not ${now}`,
      next,
    );
  }
  for (const request of pointRequests(requested)) isThere(request);
  return found;
}

/** Writes into the limit's document how many toys some points are to have now, before any of them gets more. */
export function recordRound({ path }: OpenLimit, toys: Limit["rounds"][number]["toys"]): OpenLimit {
  const at_utc = new Date().toISOString();
  const read = () => loadLimit(path).limit;
  return { path, limit: changeDocument(path, read, (now) => ({ ...now, rounds: [...now.rounds, { at_utc, toys }] })) };
}

/** Returns the directory of a point's run: beside the limit's document, also where both were moved. */
export const pointRun = ({ path }: OpenLimit, { run_id }: { run_id: string }): string => join(dirname(path), run_id);

/**
 * Opens the runs of a limit, in ascending order of mu.
 * @throws {FarmError} input, when one cannot be read
 */
export const openPoints = (open: OpenLimit): Run<FarmManifest>[] =>
  open.limit.points.map((point) => loadFarmRun(pointRun(open, point)));

/** Reads the points of a limit: a run that is not whole, or not merged as it is now, has no result. */
export function readPoints(open: OpenLimit): LimitPoint[] {
  return open.limit.points.map(({ mu, run_id }) => limitPoint(mu, run_id, readMerged(pointRun(open, { run_id }))));
}

function readMerged(dir: string): HypotestMerged | null {
  try {
    const { manifest } = loadFarmRun(dir);
    if (mergedCheckOf({ dir, manifest }).state !== "whole") return null;
    return readDocument(join(dir, MERGED), HypotestMerged);
  } catch (error) {
    if (error instanceof FarmError || error instanceof Unreadable) return null;
    throw error;
  }
}
