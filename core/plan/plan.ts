import { FarmError } from "../errors.ts";
import {
  clockTime,
  duration,
  fineDuration as seconds,
  labelLine,
  percent,
  plural,
  significant,
  textTable,
} from "../format.ts";
import { memoryToRequest, timeToRequest, wrapperMemory } from "../job_limits.ts";
import { PLAN_SCHEMA, type PlannedCount, type ShardingPlan } from "../schema/plan.ts";
import { bestMinutes, predictMinutes, TOLERANCE } from "./minutes.ts";
import type { Pilot } from "./pilot.ts";
import { candidateCounts, type HostSlots, pilotSlots, planSlots, predictCount } from "./predict.ts";

interface PlanRequest {
  n_toys: number;
  hosts: readonly HostSlots[];
  /** null: the usual candidates. */
  counts: readonly number[] | null;
}

/** Returns the predicted makespan in seconds for `shards` shards on the pilot's own slots. */
export function predictMakespan(pilot: Pilot, n_toys: number, shards: number): number {
  const slots = planSlots(pilot, pilotSlots(pilot));
  return predictCount(n_toys, shards, slots, pilot.spread).pulled_makespan_s.median;
}

/**
 * Predicts makespan and cost of shard counts, and recommends one.
 * @throws {FarmError} usage, without slots, or for a count above the number of toys
 */
export function makePlan(pilot: Pilot, { n_toys, hosts, counts }: PlanRequest): ShardingPlan {
  const slots = planSlots(pilot, hosts);
  if (slots.length === 0) throw new FarmError("usage", "Cannot plan for 0 slots: wanted at least one");
  const planned = (counts ?? candidateCounts(n_toys, slots.length)).map((shards): PlannedCount => {
    const count = predictCount(n_toys, shards, slots, pilot.spread);
    return { ...count, cpu_s: pilot.cpu_share === null ? null : count.slot_s * pilot.cpu_share };
  });
  // Shards by time need the time of a toy alone.
  const minutes = pilot.has_startup ? predictMinutes(n_toys, slots) : [];
  const self_check = selfCheck(pilot);
  const uncertainty = uncertaintyOf(pilot, self_check);
  const measured = new Set(pilot.hosts.map(({ host }) => host));
  return {
    schema_version: PLAN_SCHEMA,
    pilot: { run_id: pilot.run_id, scheduler: pilot.scheduler, n_toys: pilot.n_toys, shards: pilot.shards },
    n_toys,
    slots: hosts.map(({ host, slots }) => ({ host, slots, is_measured: measured.has(host) })),
    n_slots: slots.length,
    terms: termsOf(pilot),
    counts: planned,
    minutes,
    recommended: {
      ...recommend(planned, slots.length, uncertainty, pilot),
      shard_minutes: bestMinutes(minutes),
    },
    self_check,
    uncertainty,
    warnings: warnings(pilot, hosts, slots.length),
  };
}

/** Returns the makespan that is predicted for the pilot itself, and the measured one. */
const selfCheck = (pilot: Pilot): ShardingPlan["self_check"] => ({
  predicted_s: predictMakespan(pilot, pilot.n_toys, pilot.shards),
  measured_s: pilot.makespan_s,
});

/** Returns the relative uncertainty of a prediction; null: unknown. */
function uncertaintyOf({ toy_error }: Pilot, { predicted_s, measured_s }: ShardingPlan["self_check"]): number | null {
  const self_error = measured_s === null || measured_s <= 0 ? 0 : Math.abs(predicted_s / measured_s - 1);
  return toy_error === null ? null : Math.hypot(toy_error, self_error);
}

const termsOf = (
  { hosts, gap_s, stagger_s, queue_s, spread, toy_error, has_startup, cpu_share }: Pilot,
): ShardingPlan["terms"] => ({
  hosts: hosts.map((one) => ({ ...one })),
  ...{ gap_s, stagger_s, queue_s, spread: spread && { ...spread }, toy_error, has_startup, cpu_share },
});

/** Returns the largest relative excess over the best makespan that counts as equally good. */
const toleratedShare = (uncertainty: number | null): number => Math.max(TOLERANCE, Math.min(uncertainty ?? 0, 0.05));

/** Number of shards per slot that averages out a slot that is slower than in the pilot. */
const ROUNDS_TO_BALANCE = 3;

/** Relative margin for a time limit if the pilot does not show how its shards scatter. */
const UNKNOWN_UNCERTAINTY = 0.5;

/** Returns the smallest count as good as the best with ROUNDS_TO_BALANCE shards per slot, else the smallest. */
function recommend(
  counts: readonly PlannedCount[],
  n_slots: number,
  uncertainty: number | null,
  { max_rss_bytes }: Pick<Pilot, "max_rss_bytes">,
): ShardingPlan["recommended"] {
  const best = counts.reduce((least, { pulled_makespan_s }) => Math.min(least, pulled_makespan_s.median), Infinity);
  const limit = best * (1 + toleratedShare(uncertainty));
  const good = counts.filter(({ pulled_makespan_s }) => pulled_makespan_s.median <= limit);
  const chosen = good.find(({ shards }) => shards >= ROUNDS_TO_BALANCE * n_slots) ?? good[0];
  const fit_mib = max_rss_bytes === null ? null : max_rss_bytes / 2 ** 20;
  // Two standard deviations above the prediction; what was used by shards of this size is not known yet.
  const longest_s = (chosen?.max_shard_elapsed_s ?? 0) * (1 + 2 * (uncertainty ?? UNKNOWN_UNCERTAINTY));
  return {
    shards: chosen?.shards ?? 1,
    time_limit_s: timeToRequest({ p95: longest_s, max: longest_s }, 1),
    memory_mib: fit_mib === null ? null : memoryToRequest({ p95: fit_mib, max: fit_mib }, wrapperMemory("binary")),
  };
}

function warnings(pilot: Pilot, hosts: readonly HostSlots[], n_slots: number): string[] {
  const known = new Set(pilot.hosts.map(({ host }) => host));
  const unknown = hosts.filter(({ host, slots }) => slots > 0 && !known.has(host)).map(({ host }) => host);
  const had = pilot.hosts.reduce((sum, { slots }) => sum + slots, 0);
  const shards = pilot.hosts.reduce((sum, { n_shards }) => sum + n_shards, 0);
  return [
    ...pilot.fit_warnings.map((words) => `the toys of the source run: ${words}`),
    ...(unknown.length > 0
      ? [`hosts that the source run did not use, treated like its median host: ${unknown.join(", ")}`]
      : []),
    ...(n_slots > had ? [`contention between more than ${had} slots is not modelled`] : []),
    ...(pilot.spread === null
      ? ["no host of the source run ran two shards: the scatter of their times is unknown"]
      : shards < 4
      ? [`the source run has only ${shards} shards: their spread is poorly known`]
      : []),
    ...(pilot.gap_s === null
      ? ["no slot of the source run ran two shards: the gap between two shards is taken as zero"]
      : []),
  ];
}

const SHOWN_COUNTS = 10;

/**
 * Returns at most ten counts of a plan, in order: the recommended one, the one with the least makespan, the first and
 * the last, and those nearest to the recommended one.
 */
export function countsThatMatter(
  { counts, recommended }: Pick<ShardingPlan, "counts" | "recommended">,
): PlannedCount[] {
  const at = counts.findIndex(({ shards }) => shards === recommended.shards);
  const least_s = Math.min(...counts.map(({ pulled_makespan_s }) => pulled_makespan_s.median));
  const fixed = new Set([counts[0], counts.at(-1), counts.find((one) => one.pulled_makespan_s.median === least_s)]);
  const distance = (one: PlannedCount) => fixed.has(one) ? 0 : Math.abs(counts.indexOf(one) - at);
  const kept = new Set(counts.toSorted((a, b) => distance(a) - distance(b)).slice(0, SHOWN_COUNTS));
  return counts.filter((one) => kept.has(one));
}

/**
 * Returns a plan as text: its assumptions, its table, its recommendation and the uncertainty.
 * @param shows_all whether the table has every count, not only those of countsThatMatter()
 */
export function describePlan(plan: ShardingPlan, shows_all: boolean): string {
  const counts = shows_all ? plan.counts : countsThatMatter(plan);
  const left = plan.counts.length - counts.length;
  return [
    ...terms(plan),
    "",
    table({ ...plan, counts }),
    ...(left > 0 ? [`  ${left} more counts: --all`] : []),
    ...legend(plan),
    "",
    ...recommendation(plan),
    ...plan.warnings.map((warning) => `  note: ${warning}`),
  ].join("\n");
}

function terms({ pilot, terms, n_slots, n_toys }: ShardingPlan): string[] {
  const hosts = terms.hosts.slice(0, 12).map(({ host, slots, toy_s, startup_s }) =>
    labelLine(host, `${seconds(toy_s)} per toy, ${startupText(startup_s, terms)}, ${plural(slots, "slot")}`)
  );
  const more = terms.hosts.length > 12 ? [`  … and ${terms.hosts.length - 12} more hosts`] : [];
  return [
    `${n_toys} toys on ${n_slots} slots, from ${pilot.run_id} (${pilot.scheduler}, ${pilot.n_toys} toys in ${pilot.shards} shards)`,
    ...hosts,
    ...more,
    labelLine("between two shards", `${terms.gap_s === null ? "not measured" : seconds(terms.gap_s)} on a slot`),
    labelLine("slots start", `${seconds(terms.stagger_s)} apart`),
    labelLine(
      "queue",
      `${
        terms.queue_s === null ? "not known" : seconds(terms.queue_s)
      } before the first start (not part of the makespan)`,
    ),
    labelLine("spread", spreadText(terms)),
  ];
}

/** nextstat's hypothesis tests report no time of their toys. */
const startupText = (startup_s: number, { has_startup = true }: ShardingPlan["terms"]): string =>
  has_startup ? `${seconds(startup_s)} start-up per shard` : "with the start-up of its shard";

function spreadText({ spread, toy_error }: ShardingPlan["terms"]): string {
  if (spread === null || toy_error === null) return "not known from this run";
  const [toy, shard] = [percent(spread.toy), percent(spread.shard)];
  return `± ${toy} from toy to toy, ± ${shard} from shard to shard; mean known to ± ${percent(toy_error)}`;
}

function table({ counts, n_toys, recommended, terms: { has_startup = true } }: ShardingPlan): string {
  const head = [
    "shards",
    "makespan",
    "68 % of draws",
    "static",
    "longest shard",
    "toys/s",
    "slot time",
    "CPU",
    ...(has_startup ? ["start-up"] : []),
  ];
  const rows = counts.map((one) => [...cells(one, n_toys, has_startup), one.shards === recommended.shards ? "<-" : ""]);
  return textTable([head, ...rows], { align: "r".repeat(head.length), indent: "  " }).join("\n");
}

function legend({ uncertainty }: ShardingPlan): string[] {
  return [
    "  makespan  each slot takes the next shard as soon as it is free",
    "  static    makespan when shards are assigned to slots in advance (--static)",
    `  <-        recommended: the smallest count within ${
      percent(toleratedShare(uncertainty))
    } of the best makespan with ${ROUNDS_TO_BALANCE} shards per slot, else the smallest within it`,
  ];
}

function cells(one: PlannedCount, n_toys: number, has_startup: boolean): string[] {
  const { median, q16, q84 } = one.pulled_makespan_s;
  return [
    `${one.shards}`,
    seconds(median),
    q16 === null || q84 === null ? "not known" : `${seconds(q16)} to ${seconds(q84)}`,
    seconds(one.static_makespan_s),
    seconds(one.max_shard_elapsed_s),
    median > 0 ? significant(n_toys / median) : "",
    duration(one.slot_s),
    one.cpu_s === null ? "" : duration(one.cpu_s),
    ...(has_startup ? [percent(one.startup_share)] : []),
  ];
}

function recommendation({ recommended, minutes = [], self_check, uncertainty }: ShardingPlan): string[] {
  const { shards, time_limit_s, memory_mib } = recommended;
  const memory = memory_mib === null ? "" : `, memory ${memory_mib} MiB`;
  const check = self_check.measured_s === null
    ? "the source run has no makespan to compare with"
    : `for the source run it predicts ${seconds(self_check.predicted_s)}, measured ${seconds(self_check.measured_s)}`;
  return [
    `Recommended: --shards ${shards}, time limit ${clockTime(time_limit_s)} per shard${memory}`,
    ...minutes.flatMap(({ shard_minutes, shards, makespan_s }) =>
      shard_minutes === recommended.shard_minutes
        ? [`By time: --shard-minutes ${shard_minutes}, about ${shards} shards, makespan ${seconds(makespan_s)}`]
        : []
    ),
    uncertainty === null
      ? `Uncertainty unknown (${check}); a source run with several shards per host would give it`
      : `Uncertainty ± ${
        percent(uncertainty)
      }, from the scatter of the source run (${check}); a busier pool takes longer`,
  ];
}
