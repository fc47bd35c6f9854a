import { labelLine as row, plural } from "./format.ts";
import type { Place, SchedulerLimits } from "./schema/scheduler.ts";
import { DEFAULT_SHARDS } from "./toys.ts";

/** Suggested number of shards per CPU: the tail of a run is then about a third of a CPU's share. */
const SHARDS_PER_CPU = 3;

/** Largest suggested number of concurrent jobs: more of them overload a file server when they read their inputs. */
const MAX_AT_A_TIME = 500;

/** States of a partition or node that accepts no jobs. */
const CLOSED = /^(down|drain|inact)/i;

/** Returns the preflight text of this machine, whose only limit is its CPUs. */
export function describeMachine(scheduler: string, version: string, place: Place): string {
  return [
    `${scheduler}, by nsfarm-deno ${version}`,
    describePlace(place),
    row("shards of a run", `${DEFAULT_SHARDS}, unless --shards says otherwise`),
  ].join("\n");
}

/** Suggested options for a first run; null: nothing can be suggested. */
export interface Suggestion {
  shards: number | null;
  /** Greater than 1 where a user may have fewer jobs than shards. */
  shards_per_job: number | null;
  /** Maximum number of concurrent jobs; null: no throttle is needed. */
  throttle: number | null;
  why: string;
}

/** Suggests a number of shards for the CPUs that the probe found. */
export function suggest(limits: SchedulerLimits): Suggestion {
  const cpus = openCpus(limits.places ?? []);
  if (cpus === 0) return { shards: null, shards_per_job: null, throttle: null, why: "no CPUs are seen" };
  const at_a_time = Math.min(cpus, MAX_AT_A_TIME);
  const shards = SHARDS_PER_CPU * at_a_time;
  return {
    shards,
    shards_per_job: Math.max(1, Math.ceil(shards / mostJobs(limits))),
    throttle: at_a_time < cpus ? at_a_time : null,
    why: `${SHARDS_PER_CPU} for each of ${at_a_time < cpus ? `${at_a_time} of ` : ""}${cpus} CPUs`,
  };
}

/** Returns the CPUs of the open nodes, or of the largest open partition, since partitions share nodes. */
export function openCpus(places: Place[]): number {
  const open = places.filter((place) => !CLOSED.test(place.state)).map((place) => ({
    ...place,
    cpus: place.cpus ?? 0,
  }));
  const overlap = places.some((place) => (place.nodes ?? 1) > 1);
  return open.reduce((sum, { cpus }) => overlap ? Math.max(sum, cpus) : sum + cpus, 0);
}

/** Returns how many jobs this user may have for any QOS; Infinity where no limit is known. */
function mostJobs({ max_submit_jobs, submit_limits = [] }: SchedulerLimits): number {
  const limits = submit_limits.filter((one) => one.qos === null).map((one) => one.max_submit_jobs);
  return Math.min(max_submit_jobs ?? Infinity, ...limits);
}

/**
 * Returns the preflight text of a scheduler's limits.
 * @param throttle flag that limits concurrent jobs, if the scheduler has one
 */
export function describeLimits(scheduler: string, limits: SchedulerLimits, throttle: string | undefined): string {
  const words = (value: number | null | undefined) =>
    value === undefined ? "unknown" : value === null ? "no limit" : `${value}`;
  const most = mostJobs(limits);
  return [
    `${scheduler} ${limits.version ?? "(version unknown)"}`,
    row("largest array", words(limits.max_array_size)),
    row("jobs of one user", Number.isFinite(most) ? `${most}` : words(limits.max_submit_jobs)),
    row("accounting", accountingWords(limits.accounting)),
    ...(limits.places ?? []).map(describePlace),
    describeSuggestion(suggest(limits), throttle),
  ].join("\n");
}

const accountingWords = (on: boolean | undefined): string =>
  on === undefined ? "unknown" : on ? "on" : "off (not needed)";

/** Returns a suggestion as flags without their dashes. @param throttle_flag flag that limits concurrent jobs */
export function suggestedFlags(
  { shards, shards_per_job, throttle }: Suggestion,
  throttle_flag: string | undefined,
): Record<string, number> {
  if (shards === null) return {};
  return {
    shards,
    ...(shards_per_job === null || shards_per_job === 1 ? {} : { "shards-per-job": shards_per_job }),
    ...(throttle === null || throttle_flag === undefined ? {} : { [throttle_flag]: throttle }),
  };
}

function describeSuggestion(suggestion: Suggestion, throttle_flag: string | undefined): string {
  const { shards, why } = suggestion;
  if (shards === null) return row("to begin with", `nothing to suggest: ${why}`);
  const flags = Object.entries(suggestedFlags(suggestion, throttle_flag)).map(([name, value]) => `--${name} ${value}`);
  return row("to begin with", `${flags.join(" ")} (${why})`);
}

function memoryWords({ memory_mb, nodes }: Place): string | null {
  if (memory_mb === null) return null;
  return memory_mb === 0 ? "memory not configured" : `${memory_mb} MB${(nodes ?? 1) > 1 ? " a node" : ""}`;
}

function describePlace(place: Place): string {
  const facts = [
    place.nodes === null ? null : plural(place.nodes, "node"),
    place.cpus === null ? null : plural(place.cpus, "CPU"),
    memoryWords(place),
    place.time_limit === null ? null : `at most ${place.time_limit}`,
    place.whole_nodes === true ? "whole nodes only" : null,
    place.shares_files === false ? "does not see this machine's files (--mode transfer)" : null,
  ].filter((fact) => fact !== null);
  return row(place.name, [place.state, ...facts].join(", "));
}
