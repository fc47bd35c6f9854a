import { FarmError } from "../../core/errors.ts";
import type { RunRequest } from "../../core/request.ts";
import type { FarmManifest } from "../../core/schema/manifest.ts";
import type { HypothesisCheck, RunStarts, StartsCheck } from "../../core/schema/starts.ts";
import type { SpecModel } from "../../core/spec.ts";
import type { Run } from "../run/load_manifest.ts";
import { checkNotes, hypothesisMarks } from "../../core/starts/words.ts";
import { workloadNamed } from "../../core/workload/registry.ts";
import { copyStarts } from "./write_run.ts";

interface FoundStarts {
  starts?: RunStarts;
  starts_check?: StartsCheck;
  hypotheses_check?: HypothesisCheck[];
  /** What a person should know of them. */
  notes: string[];
}

/** The spec of a run, and what its trial fit has shown. */
interface TriedSpec {
  spec: unknown;
  model: SpecModel | null;
  /** Generation point, by parameter name. */
  point: Record<string, number>;
  /** Time of a toy in seconds; null: unknown. */
  toy_s: number | null;
  /** Folder for the files. */
  scratch: string;
  /** A run of the same toys whose starts it has; null: it has its own. */
  same_toys: Pick<Run<FarmManifest>, "dir" | "manifest"> | null;
}

/** Makes the starts of a run, or checks on trial toys whether it needs some. @throws {FarmError} input */
export async function findStarts(request: RunRequest, manifest: FarmManifest, tried: TriedSpec): Promise<FoundStarts> {
  const { starts: asked, check_starts } = request;
  const { same_toys } = tried;
  if (asked !== null && same_toys?.manifest.farm.starts) {
    copyStarts(same_toys.dir, tried.scratch, same_toys.manifest);
    return { starts: same_toys.manifest.farm.starts, notes: [] };
  }
  if (asked === null && check_starts > 0 && request.mu !== null) return await ofHypotheses(request, manifest, tried);
  if (!workloadNamed(request.workload).has_generation || (asked === null && check_starts === 0)) return { notes: [] };
  // Loaded only here: the Parquet library takes a moment to start.
  const [{ readSource }, { makeStarts }, { checkStarts }] = await Promise.all([
    import("../starts/data.ts"),
    import("../starts/make.ts"),
    import("../starts/check.ts"),
  ]);
  const { spec, model, point, toy_s, scratch } = tried;
  const run = { manifest, point, scratch };
  if (asked !== null) return await makeStarts(run, await readSource(manifest.config, spec, model, point), asked);
  try {
    const source = await readSource(manifest.config, spec, model, point);
    const checked = await checkStarts(run, source, { n_toys: check_starts, toy_s });
    return {
      ...(checked ? { starts_check: checked } : {}),
      notes: checkNotes(checked ?? undefined, model?.poi ?? "the POI"),
    };
  } catch (error) {
    // A spec of which no starts can be made runs as it is; nobody asked for them.
    if (error instanceof FarmError) return { notes: [`the fits are not checked from other starts. ${error.message}`] };
    throw error;
  }
}

/** Checks the toys of both hypotheses of a test of an unbinned spec; a workspace has other checks. */
async function ofHypotheses(
  { mu, check_starts: n_toys }: RunRequest,
  manifest: FarmManifest,
  { spec, model, toy_s, scratch }: TriedSpec,
): Promise<FoundStarts> {
  if (!model || mu === null) return { notes: [] };
  const { checkHypotheses } = await import("../starts/hypotheses.ts");
  const hypotheses_check = await checkHypotheses({ manifest, spec, model, mu, n_toys, toy_s, scratch });
  return { ...(hypotheses_check.length > 0 ? { hypotheses_check } : {}), notes: hypothesisMarks(hypotheses_check) };
}
