import * as z from "zod/mini";
import { Count } from "./kinds.ts";

/** A parameter that a fit has left on one of its bounds. */
export const AtBound = z.looseObject({ name: z.string(), bound: z.enum(["lower", "upper"]), value: z.number() });
export type AtBound = z.infer<typeof AtBound>;

/** What the fits before a run show: of the observed data, and of one toy. null: not known. */
export const TrialFit = z.looseObject({
  /** Parameters on their bounds after the fit of the observed data. */
  at_bounds: z.nullable(z.array(AtBound)),
  /** nextstat's warnings in the fit of the observed data. */
  warnings: z.array(z.string()),
  /** Of each channel in a Parquet file: its rows, and how many events its yields can make within their bounds. */
  channels: z.array(z.looseObject({ name: z.string(), n_events: Count, least: z.number(), most: z.number() })),
  toy: z.looseObject({ poi: z.string(), poi_true: z.number(), poi_hat: z.nullable(z.number()) }),
});
export type TrialFit = z.infer<typeof TrialFit>;
