import { join } from "node:path";
import { limitPoint } from "../../core/limit/summary.ts";
import type { RunRequest } from "../../core/request.ts";
import { dependsOnStart, testMarks } from "../../core/observed/words.ts";
import { MERGED } from "../../core/run_paths.ts";
import { HypotestMerged } from "../../core/schema/hypotest.ts";
import { Limit, LIMIT_SCHEMA, type LimitPoint } from "../../core/schema/limit.ts";
import { changeDocument } from "../fs/exclusive.ts";
import { readDocument } from "../fs/read.ts";
import { loadStudy, type OpenStudy, studyPath } from "../sweep/study.ts";
import { readPoint, type ScanKind, scanMembers, type ScanRequest } from "./scan_runs.ts";

/** A request for a limit: the request of each run but for its mu, and the tested values. */
export interface LimitRequest {
  limit_id: string;
  mus: readonly number[];
  /** Toys that one point may get at most; the seeds of the points lie so far apart. */
  seed_stride: number;
  /** Its `mu`, `seed` and `run_id` differ from point to point. */
  request: RunRequest;
}

/** Scans of CLs at several values of the POI. */
export const LIMIT: ScanKind<Limit> = {
  name: "limit",
  title: "limit",
  version: LIMIT_SCHEMA,
  schema: Limit,
  values: ({ points }) => `mu = ${points.map(({ mu }) => mu).join(", ")}`,
};

/** Returns the document and the runs of a limit, in ascending order of mu. */
export function limitScan({ limit_id, mus, seed_stride, request }: LimitRequest): ScanRequest<Limit> {
  const runs = mus.map((mu, i) => ({
    ...request,
    mu,
    seed: request.seed + i * seed_stride,
    run_id: `${limit_id}_mu${mu}`,
  }));
  return {
    path: studyPath(request.out_dir, limit_id, LIMIT),
    runs,
    document: {
      schema_version: LIMIT_SCHEMA,
      limit_id,
      ...scanMembers(request),
      seed_stride,
      points: runs.map(({ mu, run_id }) => ({ mu, run_id })),
      rounds: [],
    },
  };
}

/**
 * Writes into the limit's document how many toys some points are to have now, before any of them gets more. Nothing is
 * written where another command has recorded a round since `document` was read: it decided from the same points.
 */
export function recordRound({ path, document }: OpenStudy<Limit>, toys: Limit["rounds"][number]["toys"]): void {
  const at_utc = new Date().toISOString();
  const read = () => loadStudy(LIMIT, path).document;
  const seen = document.rounds.length;
  changeDocument(
    path,
    read,
    (now) => now.rounds.length === seen ? { ...now, rounds: [...now.rounds, { at_utc, toys }] } : now,
  );
}

export function readPoints(open: OpenStudy<Limit>): LimitPoint[] {
  return open.document.points.map(({ mu, run_id }) => {
    const found = readPoint(open, { run_id }, ({ dir, manifest }) => ({
      merged: readDocument(join(dir, MERGED), HypotestMerged),
      fits: { marks: testMarks(manifest.farm), isDependent: dependsOnStart(manifest.farm) },
    }));
    return limitPoint(mu, run_id, found?.merged ?? null, found?.fits);
  });
}
