import * as z from "./zod.ts";
import { Count } from "./enums.ts";
import { OutputStarts } from "./starts.ts";

/** `schema_version` of a merged output in merged.out.json. */
export const MERGED_SCHEMA = "nextstat.cpu_farm_unbinned_fit_toys_merged.v1";

/** Generation point of a set of toys. */
export const Gen = z.looseObject({
  point: z.string(),
  params: z.array(z.number()),
  overrides: z.record(z.string(), z.number()),
  seed: Count,
  n_toys: Count,
});

/** nextstat's output without its four long arrays, which `readShardOutput` checks in one loop. */
export const OutputFrame = z.looseObject({
  input_schema_version: z.string(),
  parameter_names: z.array(z.string()),
  poi_index: Count,
  gen: Gen,
  results: z.looseObject({
    n_toys: Count,
    n_error: Count,
    n_converged: Count,
    n_nonconverged: Count,
    poi_true: z.number(),
    converged: z.array(z.unknown()),
    poi_hat: z.array(z.unknown()),
    poi_sigma: z.array(z.unknown()),
    nll: z.array(z.unknown()),
  }),
  summary: z.optional(z.nullable(z.looseObject({}))),
  guardrails: z.optional(z.looseObject({ passed: z.boolean() })),
  shard: z.optional(z.nullable(z.looseObject({
    shard_index: Count,
    shard_n_toys: Count,
    shard_start: Count,
    shard_total: Count,
  }))),
  /** Written by this program where toys were fitted from several starts. */
  farm: z.optional(z.looseObject({ starts: z.optional(OutputStarts) })),
});
export type OutputFrame = z.infer<typeof OutputFrame>;
