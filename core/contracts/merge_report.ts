import * as z from "zod";
import { Count } from "./kinds.ts";
import { AskedGuardrails } from "./manifest.ts";
import { Problem } from "./merge_status.ts";
import { RunTimes } from "./run_times.ts";

const Value = z.number().nullable();

/** What `merge --json` answers, and what the end of a run shows. */
export const MergeReport = z.looseObject({
  /** The merged document, or null where the set was refused. */
  merged: z.string().nullable(),
  merged_sha256: z.string().nullable(),
  merge_status: z.string().nullable(),
  run_id: z.string().nullable(),
  partial: z.boolean(),
  n_shards: Count,
  n_shards_merged: Count,
  n_toys: Count,
  n_toys_merged: Count,
  n_converged: Count,
  n_nonconverged: Count,
  n_error: Count,
  mean: Value,
  std: Value,
  q16: Value,
  q50: Value,
  q84: Value,
  pull_mean: Value,
  pull_std: Value,
  gen_spread: z.looseObject({ params: z.array(z.number()), poi_true: z.number() }).nullable(),
  missing: z.array(z.looseObject({ toy_start: z.int(), n_toys: Count, seed: Count })),
  guardrails: z.looseObject({ passed: z.boolean(), failures: z.array(z.string()), asked: AskedGuardrails }).nullable(),
  problems: z.array(Problem),
  times: RunTimes.nullable(),
  /** Lines that a person should see. */
  notes: z.array(z.string()),
  exit_code: z.int(),
});
export type MergeReport = z.infer<typeof MergeReport>;
