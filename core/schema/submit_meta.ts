import * as z from "zod/mini";

/** `schema_version` of the file of submissions. */
export const SUBMIT_META_SCHEMA = "nextstat.pf32_htcondor_submit_meta.v1";

/** One call of a scheduler's submit command; on disk with state "intent" before the program is called. */
export const Submission = z.looseObject({
  token: z.string().check(z.regex(/^[0-9a-f]{16}$/)),
  state: z.enum(["intent", "submitted", "refused", "unclear"]),
  scheduler: z.string(),
  command: z.array(z.string()),
  cwd: z.optional(z.string()),
  shards: z.array(z.int().check(z.minimum(0))),
  /** The scheduler's number of the task that runs each of `shards`; absent: 0, 1, 2 … */
  tasks: z.optional(z.array(z.int().check(z.minimum(0)))),
  job_id: z.nullable(z.string()),
  intended_at_utc: z.string(),
  /** The same moment by the submitting machine's count of seconds since its start; absent: not known. */
  intended_boot: z.optional(z.looseObject({ id: z.string(), at_s: z.number() })),
  answered_at_utc: z.nullable(z.string()),
  answer: z.nullable(z.string()),
  /** The cluster that it was submitted to, where its scheduler tells. */
  cluster: z.optional(z.string()),
  /** Of a refused one: for so many seconds its token was looked for in vain. It may come late, and is looked for again. */
  not_found_after_s: z.optional(z.number()),
  /** Since when its pilots count as dead, although their scheduler believes them to run. */
  silent_at_utc: z.optional(z.string()),
  /** The run directory whose jobs these are, where this one is a copy of it. */
  copied_from: z.optional(z.string()),
});
export type Submission = z.infer<typeof Submission>;

/** submit_meta.json; cluster_id and submit_file are the old HTCondor sweep's. */
export const SubmitMeta = z.looseObject({
  schema_version: z.literal(SUBMIT_META_SCHEMA),
  created_at_utc: z.string(),
  finished_at_utc: z.optional(z.nullable(z.string())),
  cluster_id: z.optional(z.nullable(z.int())),
  submit_file: z.optional(z.nullable(z.string())),
  farm: z.optional(z.looseObject({
    submissions: z.array(Submission),
    /** By shard: since when its scheduler has been seen not to know it, while it has no record. */
    absent_since_utc: z.optional(z.record(z.string(), z.string())),
  })),
});
export type SubmitMeta = z.infer<typeof SubmitMeta>;
