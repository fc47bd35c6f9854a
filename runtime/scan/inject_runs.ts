import { join } from "node:path";
import { errorText } from "../../core/errors.ts";
import type { Rules } from "../../core/inject/judge.ts";
import { injectPoint, type PointToys } from "../../core/inject/point.ts";
import { readOutputText } from "../../core/output.ts";
import { poiName } from "../../core/fit_quality.ts";
import { MergedAbout } from "../../core/schema/merged.ts";
import { startsMark } from "../../core/starts/words.ts";
import type { RunRequest } from "../../core/request.ts";
import { MERGED } from "../../core/run_paths.ts";
import { Inject, INJECT_SCHEMA, type InjectPoint } from "../../core/schema/inject.ts";
import type { FarmManifest } from "../../core/schema/manifest.ts";
import { decodeText, MAX_TEXT_BYTES, readRegular, Unreadable } from "../fs/read.ts";
import type { Run } from "../run/load_manifest.ts";
import { type OpenStudy, studyPath } from "../sweep/study.ts";
import { readPoint, type ScanKind, scanMembers, type ScanRequest } from "./scan_runs.ts";

/** A request for an injection study: the request of each run but for the injected value. */
export interface InjectRequest {
  inject_id: string;
  parameter: string;
  values: readonly number[];
  /** Its `set`, `seed` and `run_id` differ from point to point. */
  request: RunRequest;
}

/** Scans of toys that are generated at several values of a parameter. */
export const INJECT: ScanKind<Inject> = {
  name: "inject",
  title: "injection study",
  version: INJECT_SCHEMA,
  schema: Inject,
  values: ({ parameter, points }) => `${parameter} = ${points.map(({ value }) => value).join(", ")}`,
};

/** Seeds from one point to the next: room for a billion toys a point, so that each can be extended. */
export const SEED_STRIDE = 1_000_000_000;

/** Returns the document and the runs of an injection study, in ascending order of the injected value. */
export function injectScan({ inject_id, parameter, values, request }: InjectRequest): ScanRequest<Inject> {
  const runs = values.map((value, i) => ({
    ...request,
    set: { ...request.set, [parameter]: value },
    seed: request.seed + i * SEED_STRIDE,
    run_id: pointRunId(inject_id, parameter, value),
  }));
  return {
    path: studyPath(request.out_dir, inject_id, INJECT),
    runs,
    document: {
      schema_version: INJECT_SCHEMA,
      inject_id,
      parameter,
      ...scanMembers(request),
      seed_stride: SEED_STRIDE,
      points: values.map((value) => ({ value, run_id: pointRunId(inject_id, parameter, value) })),
    },
  };
}

/** Returns the name of a point's run: `study_mu0.5`. */
export const pointRunId = (inject_id: string, parameter: string, value: number): string =>
  `${inject_id}_${parameter.replaceAll(/[^\w.-]/g, "_")}${value}`;

/** Reads and judges the points of an injection study, and the name of the POI; null: no point has a result. */
export function readInjectPoints(open: OpenStudy<Inject>, rules: Rules): { points: InjectPoint[]; poi: string | null } {
  let poi: string | null = null;
  const points = open.document.points.map(({ value, run_id }) => {
    const toys = readPoint(open, { run_id }, mergedToys);
    const { parameter_names, poi_index } = toys?.output.frame ?? {};
    poi ??= parameter_names?.[poi_index ?? 0] ?? null;
    return injectPoint({ value, run_id }, toys, rules);
  });
  return { points, poi };
}

function mergedToys({ dir, manifest }: Run<FarmManifest>): PointToys {
  const text = decodeText(readRegular(join(dir, MERGED), MAX_TEXT_BYTES));
  try {
    const { output } = readOutputText(text);
    return { output, bounds: manifest.farm.poi_bounds ?? null, mark: markOf(output) };
  } catch (error) {
    throw new Unreadable(errorText(error), false);
  }
}

/** Returns why a merged document's results do not stand without a mark, by its starts or its run's trial toys. */
function markOf({ frame }: PointToys["output"]): string | null {
  const { starts, starts_check } = MergedAbout.safeParse(frame).data?.merge.farm ?? {};
  return startsMark({
    poi: poiName(frame),
    ...(starts ? { starts } : {}),
    ...(starts_check ? { starts_check } : {}),
  });
}
