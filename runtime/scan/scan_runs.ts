import { dirname, join } from "node:path";
import { FarmError } from "../../core/errors.ts";
import { guardrailError } from "../../core/merge/merged_check.ts";
import { requestDifference, requestDir, type RunRequest } from "../../core/request.ts";
import { MANIFEST } from "../../core/run_paths.ts";
import type { FarmManifest } from "../../core/schema/manifest.ts";
import { VERSION } from "../../core/version.ts";
import type { Backend, SchedulerLimits } from "../../schedulers/adapter.ts";
import { commitByLink } from "../fs/exclusive.ts";
import { Unreadable } from "../fs/read.ts";
import { exists, removeQuietly, writeTemporary } from "../fs/write.ts";
import { mergedCheckOf, summedCheckOf } from "../merge/check_merged.ts";
import { renderRun } from "../render/render.ts";
import { seedWarnings } from "../render/runs_beside.ts";
import { loadFarmRun, type Run } from "../run/load_manifest.ts";
import { queryLimits } from "../scheduler/drive.ts";
import { loadStudy, type OpenStudy, type StudyKind } from "../sweep/study.ts";

export interface ScanDocument {
  n_toys: number;
  /** Seeds from one point to the next: no two points share a toy. */
  seed_stride: number;
  points: readonly { run_id: string }[];
}

/** What tells one kind of scan from another. */
export interface ScanKind<Document extends ScanDocument> extends StudyKind<Document> {
  /** Returns the scanned values in words: `mu = 0.5, 1`. */
  values(document: Document): string;
}

/** Returns the members that the document of every scan has of the request of its runs. */
export const scanMembers = ({ workload, scheduler, config, n_toys, seed, out_dir }: RunRequest) => ({
  ...{ created_at_utc: new Date().toISOString(), nsfarm_version: VERSION },
  ...{ workload, scheduler, config, n_toys, seed, out_root: out_dir },
});

/** A request for a scan: its document and the request of each run, in the order of the points. */
export interface ScanRequest<Document> {
  path: string;
  document: Document;
  runs: readonly RunRequest[];
}

/**
 * Renders the runs of a scan that are not there yet, then its document.
 * @param warn receives warnings
 * @throws {FarmError} usage, where a run or the document is there with other options
 */
export async function renderScan<D extends ScanDocument>(
  kind: ScanKind<D>,
  { path, document, runs }: ScanRequest<D>,
  adapter: Backend,
  warn: (warning: string) => void,
): Promise<OpenStudy<D>> {
  const limits = await queryLimits(adapter);
  const own = runs.map(({ run_id }) => run_id);
  const warnings = new Set(seedWarnings(own, dirname(path), runs));
  for (const request of runs.filter((one) => !isThere(kind, one))) {
    for (const warning of await renderPoint(kind, request, adapter, limits)) warnings.add(warning);
  }
  for (const warning of warnings) warn(warning);
  const temporary = writeTemporary(path, `${JSON.stringify(document, null, 2)}\n`);
  if (!commitByLink(temporary, path)) removeQuietly(temporary);
  return loadStudy(kind, path);
}

const anotherId = ({ name }: { name: string }): string => `Give the same options, or another --${name}-id`;

/** Renders the run of a point and returns its warnings; none where another command of the scan rendered it first. */
async function renderPoint(
  kind: Pick<ScanKind<ScanDocument>, "name" | "title">,
  request: RunRequest,
  adapter: Backend,
  limits: SchedulerLimits,
): Promise<readonly string[]> {
  try {
    return (await renderRun(request, adapter, limits)).rendered.warnings;
  } catch (error) {
    if (error instanceof FarmError && isThere(kind, request)) return [];
    throw error;
  }
}

/** Whether a run of this request was rendered already. @throws {FarmError} usage, when its run has another request */
function isThere(kind: Pick<ScanKind<ScanDocument>, "name" | "title">, request: RunRequest): boolean {
  const dir = requestDir(request);
  if (!exists(join(dir, MANIFEST))) return false;
  const difference = requestDifference(loadFarmRun(dir).manifest, request);
  if (difference === null) return true;
  throw new FarmError("usage", `Cannot use the run "${dir}" for the ${kind.title}: ${difference}`, anotherId(kind));
}

/** Returns the scan of that name with the same options, if any. @throws {FarmError} usage, with other options */
export function openSameScan<D extends ScanDocument>(
  kind: ScanKind<D>,
  { path, document, runs }: ScanRequest<D>,
): OpenStudy<D> | undefined {
  if (!exists(path)) return undefined;
  const found = loadStudy(kind, path);
  const difference = scanDifference(kind, found.document, document);
  if (difference !== null) {
    throw new FarmError("usage", `Cannot go on with the ${kind.title} "${path}": ${difference}`, anotherId(kind));
  }
  for (const request of runs) isThere(kind, request);
  return found;
}

function scanDifference<D extends ScanDocument>({ values }: ScanKind<D>, was: D, wanted: D): string | null {
  if (values(was) !== values(wanted)) return `it has ${values(was)}; you gave ${values(wanted)}`;
  if (was.n_toys !== wanted.n_toys) return `it has --n-toys ${was.n_toys}, you gave ${wanted.n_toys}`;
  return was.seed_stride === wanted.seed_stride
    ? null
    : `it was made with --max-toys ${was.seed_stride}; you gave ${wanted.seed_stride}`;
}

/** Returns the directory of a point's run: beside the scan's document, also where both were moved. */
export const pointRun = ({ path }: { path: string }, { run_id }: { run_id: string }): string =>
  join(dirname(path), run_id);

/** Opens the runs of a scan, in the order of its points. @throws {FarmError} input, when one cannot be read */
export const openPoints = (open: OpenStudy<ScanDocument>): Run<FarmManifest>[] =>
  open.document.points.map((point) => loadFarmRun(pointRun(open, point)));

/** Returns the runs of a scan that are not merged as they are now, or whose merged document changed since. */
export const unmergedRuns = (open: OpenStudy<ScanDocument>): Run<FarmManifest>[] =>
  openPoints(open).filter((run) => summedCheckOf(run).state !== "whole");

/** Returns the merged result of a point's run; null: it is not whole, not merged as it is now, or damaged. */
export function readPoint<T>(
  open: { path: string },
  point: { run_id: string },
  read: (run: Run<FarmManifest>) => T,
): T | null {
  try {
    const run = loadFarmRun(pointRun(open, point));
    return summedCheckOf(run).state === "whole" ? read(run) : null;
  } catch (error) {
    if (error instanceof FarmError || error instanceof Unreadable) return null;
    throw error;
  }
}

/** Returns a line for each point of a scan whose merged set fails its guardrails. */
export const failedGuardrails = (open: OpenStudy<ScanDocument>): string[] =>
  open.document.points.flatMap((point) => {
    const error = readPoint(open, point, (run) => guardrailError(mergedCheckOf(run)));
    return error === null ? [] : [`${point.run_id}: ${error}`];
  });
