import * as z from "zod/mini";
import type { FarmManifest } from "../../../../core/schema/manifest.ts";
import { sampleManifest } from "../../../fixtures/run.ts";

/** From and to when, in simulated milliseconds. */
const Window = z.tuple([z.number(), z.number()]);
export type Window = z.infer<typeof Window>;

/** What happens to a process, and when; all that is not named does not happen. */
const Fate = z.object({
  /** It is killed at its call of that number. */
  killed_at_call: z.nullable(z.number()),
  /** Its machine loses its power at that moment, and is started again after so long, with a new process; else fits go on. */
  back_after_ms: z.nullable(z.number()),
  /** It is stopped (SIGSTOP). */
  stopped: z.nullable(Window),
  /** The server does not answer its machine: calls hang and go on after it. */
  cut_off: z.nullable(Window),
  /** Of how many changes one is answered with an error though it was made, or not made. */
  lies: z.number(),
  refusals: z.number(),
});
export type Fate = z.infer<typeof Fate>;

export const QUIET: Fate = {
  ...{ killed_at_call: null, back_after_ms: null, stopped: null, cut_off: null },
  ...{ lies: 0, refusals: 0 },
};

/** What one machine does in a schedule. */
export const Job = z.object({
  kind: z.enum(["work", "collect"]),
  host: z.string(),
  actor: z.number(),
  dir: z.string(),
  shards: z.number(),
  slots: z.number(),
  speculate: z.boolean(),
  fate: Fate,
  cache: z.object({ names_ms: z.number(), absent_ms: z.number(), forgets: z.boolean() }),
  rules: z.object({ has_links: z.boolean(), has_locks: z.boolean(), locks: z.string() }),
  /** When the server is away for all. */
  outage: z.nullable(Window),
  /** When a collector collects. */
  times_ms: z.array(z.number()),
});
export type Job = z.infer<typeof Job>;

/** What became of one process of a machine. */
export const Life = z.object({
  host: z.string(),
  fate: Fate,
  outcome: z.enum(["goes on", "ended", "threw", "killed"]),
  why: z.string(),
  began_ms: z.number(),
  ended_ms: z.nullable(z.number()),
  speculate: z.boolean(),
  calls: z.number(),
  /** The most calls that it made in one second. */
  most_calls: z.number(),
  /** Final names that it gave, with the file that got each. */
  given: z.array(z.object({ name: z.string(), ino: z.number(), at_ms: z.number() })),
  /** Its report, of a loop that ended; and how often a result was kept aside. */
  open: z.array(z.number()),
  asides: z.number(),
  /** Which shards were good at each collect. */
  collected: z.array(z.array(z.number())),
});
export type Life = z.infer<typeof Life>;

/** The run that all work on. */
export const manifestOf = ({ dir, shards }: Pick<Job, "dir" | "shards">): FarmManifest =>
  sampleManifest({ n_toys: 2 * shards, shards, run_dir: dir });

/** Everything of one schedule that its seed has decided before it begins. */
export interface Schedule {
  seed: number;
  dir: string;
  shards: number;
  jobs: Job[];
  /** Shards under whose final name something damaged lies at the start. */
  damaged: number[];
}
