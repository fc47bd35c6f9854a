import * as z from "./zod.ts";
import { InputFile, PositiveCount } from "./enums.ts";

/** manifest.farm.workspace: the copy of the workspace that all fits of a run read in place of the one of --config. */
export const WorkspaceCopy = z.looseObject({
  ...InputFile.shape,
  /** When it was written, in ms since 1970. */
  mtime_ms: z.number(),
});
export type WorkspaceCopy = z.infer<typeof WorkspaceCopy>;

/** Values at which a fit begins, and bounds within which it searches, by the name of a parameter. */
export const WorkspaceStart = z.looseObject({
  inits: z.record(z.string(), z.array(z.number())),
  bounds: z.record(z.string(), z.array(z.tuple([z.number(), z.number()]))),
});
export type WorkspaceStart = z.infer<typeof WorkspaceStart>;

/**
 * manifest.farm.observed_fit: the fit of the observed data from the workspace as given is not at the lowest minimum.
 * `healed`: the run's copy of the workspace has a start that finds it; `accepted`: none was found, and
 * --accept-observed-fit was given.
 */
export const ObservedFit = z.looseObject({
  state: z.enum(["healed", "accepted"]),
  /** Name of the POI. */
  poi: z.string(),
  /** As given: NLL and POI of the fit; null: it did not converge. */
  nll_given: z.nullable(z.number()),
  poi_given: z.nullable(z.number()),
  /** The lowest that is known. */
  nll: z.number(),
  poi_hat: z.number(),
  /** What the copy changes. */
  start: z.optional(WorkspaceStart),
  /** What is wrong with an accepted fit. */
  why: z.optional(z.string()),
});
export type ObservedFit = z.infer<typeof ObservedFit>;

const ScaleCounts = z.looseObject({ k: z.number(), n: z.number() });

/** Toys of both hypotheses with the signal divided by `scale`: the same model and toys, other starts of their fits. */
const ScaleRow = z.looseObject({
  scale: z.number(),
  cls: z.number(),
  sb: ScaleCounts,
  b: ScaleCounts,
});

/** manifest.farm.scale_check: whether the result of a hypothesis test depends on the start of its toys' fits. */
export const ScaleCheck = z.looseObject({
  n_toys: PositiveCount,
  rows: z.array(ScaleRow),
  /** Whether the counts differ by more than ties explain. */
  depends: z.boolean(),
});
export type ScaleCheck = z.infer<typeof ScaleCheck>;
