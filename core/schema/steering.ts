import * as z from "./zod.ts";
import { Count, PositiveCount } from "./enums.ts";

/** `schema_version` of a run's steering. */
export const STEERING_SCHEMA = "nextstat.cpu_farm_steering.v1";

/** Time of a request, and who made it: user@host. */
const made = { at_utc: z.string(), by: z.string() };

/** steering.json: what `pause`, `throttle` and `pilots` ask of a run that runs. Absent: nothing. */
export const Steering = z.looseObject({
  schema_version: z.literal(STEERING_SCHEMA),
  /** Absent: the run is not paused. */
  paused: z.optional(z.looseObject(made)),
  /** Largest number of fits at a time over all jobs and workers; null: no limit. Absent: as rendered. */
  throttle: z.optional(z.looseObject({
    ...made,
    most: z.nullable(PositiveCount),
    /** The scheduler's `concurrency_limit` at that time. */
    concurrency_limit: z.optional(Count),
  })),
  /** Shards whose waiting jobs `pause` held, by the token of their submission; `whole`: all jobs of it. */
  held: z.optional(z.array(z.looseObject({ token: z.string(), shards: z.array(Count), whole: z.boolean() }))),
  /** Pilots that `pilots` added. */
  added_pilots: z.optional(Count),
  /** Tokens of pilots that end after their present fit. */
  leaving: z.optional(z.array(z.string())),
});
export type Steering = z.infer<typeof Steering>;
