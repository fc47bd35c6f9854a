import * as z from "./zod.ts";

/** `schema_version` of the file of submissions. */
export const SUBMIT_META_SCHEMA = "nextstat.pf32_htcondor_submit_meta.v1";

/** One call of a scheduler's submit command; written with state "intent" before the call. */
export const Submission = z.looseObject({
  token: z.string().check(z.regex(/^[0-9a-f]{16}$/)),
  state: z.enum(["intent", "submitted", "refused", "unclear"]),
  scheduler: z.string(),
  command: z.array(z.string()),
  cwd: z.optional(z.string()),
  shards: z.array(z.int().check(z.minimum(0))),
  /** The scheduler's task number for each of `shards`; absent: 0, 1, 2 … */
  tasks: z.optional(z.array(z.int().check(z.minimum(0)))),
  job_id: z.nullable(z.string()),
  /** Other jobs of the same shards, which the wrapper of a site's submit command queued too. */
  further_job_ids: z.optional(z.array(z.string())),
  intended_at_utc: z.string(),
  /** Time of the intent on the submitting machine's boot clock, in seconds; absent: unknown. */
  intended_boot: z.optional(z.looseObject({ id: z.string(), at_s: z.number() })),
  /** The submitting machine's clock minus the file server's, at the intent, in seconds; absent: unknown. */
  clock_offset_s: z.optional(z.number()),
  answered_at_utc: z.nullable(z.string()),
  answer: z.nullable(z.string()),
  /** Cluster to which it was submitted, if the scheduler reports it. */
  cluster: z.optional(z.string()),
  /** Seconds for which a refused submission's token was searched in vain; the search continues. */
  not_found_after_s: z.optional(z.number()),
  /** Whether it was refused only because the user has as many jobs in the queue as are allowed. */
  queue_full: z.optional(z.boolean()),
  /** Time since when its pilots count as dead although their scheduler reports them as running. */
  silent_at_utc: z.optional(z.string()),
  /** Whether jobs of the submissions before it may still run: pilots that were added to a run. */
  joins: z.optional(z.boolean()),
  /** Run directory to which these jobs belong, if this directory is a copy. */
  copied_from: z.optional(z.string()),
});
export type Submission = z.infer<typeof Submission>;

/** submit_meta.json; cluster_id and submit_file are those of the old HTCondor sweep. */
export const SubmitMeta = z.looseObject({
  schema_version: z.literal(SUBMIT_META_SCHEMA),
  created_at_utc: z.string(),
  finished_at_utc: z.optional(z.nullable(z.string())),
  cluster_id: z.optional(z.nullable(z.int())),
  submit_file: z.optional(z.nullable(z.string())),
  farm: z.optional(z.looseObject({
    submissions: z.array(Submission),
    /** For each shard without a record: time since when its scheduler no longer knows it. */
    absent_since_utc: z.optional(z.record(z.string(), z.string())),
  })),
});
export type SubmitMeta = z.infer<typeof SubmitMeta>;
