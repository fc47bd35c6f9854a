import { cutPlans, uncutPlan } from "./check_manifest.ts";
import { FarmError } from "./errors.ts";
import { durationSeconds } from "./flags.ts";
import { fineDuration, plural, rounded } from "./format.ts";
import type { FarmManifest, OptionValue, Plan } from "./schema/manifest.ts";
import { MAX_SHARDS, pieceOf, splitByWeight, type ToyRange } from "./toys.ts";

/** Measured time of toys, in seconds. */
export interface ToyTime {
  toy_s: number;
  /** Time of a shard besides its toys. */
  startup_s: number;
}

/** Executors of the same speed. */
export interface TimedSlots extends ToyTime {
  /** Name of the executor; null: any. */
  executor: string | null;
  /** null: unknown, as in a scheduler's queue. */
  slots: number | null;
}

/** A range with the members of its plan under `farm`. */
interface SizedRange extends ToyRange {
  farm: NonNullable<Plan["farm"]>;
}

/** Number of probes of each executor: one in each slot, since fits that run side by side slow each other down. */
export interface ProbePlace {
  executor: string | null;
  slots: number;
}

/** Number of probes in a scheduler's queue, where the slots are not known: enough to meet several nodes. */
export const QUEUED_PROBES = 8;

/** Longest time of a probe, and its largest share of a shard's time. */
const PROBE_S = 60;
const PROBE_SHARE = 1 / 4;
/** Largest share of all toys that are probes. */
const PROBED_SHARE = 1 / 4;

/** Returns the number of toys of a shard that takes `seconds`, at least 1. */
export const toysInTime = (seconds: number, { toy_s, startup_s }: ToyTime): number =>
  Math.max(1, Math.round((seconds - startup_s) / Math.max(toy_s, 1e-9)));

/**
 * Throws if shards of that time make no sense for these toys, by the time of the one toy of the trial fit.
 * @throws {FarmError} usage
 */
export function checkMinutes(minutes: number, n_toys: number, time: ToyTime): void {
  const [wanted_s, all_s] = [minutes * 60, time.startup_s + n_toys * time.toy_s];
  const refuse = (why: string, next: string) =>
    new FarmError("usage", `Cannot use --shard-minutes ${minutes}: ${why}`, next);
  if (time.startup_s + time.toy_s > wanted_s) {
    throw refuse(`one toy takes ${fineDuration(time.startup_s + time.toy_s)}`, "Give more minutes");
  }
  if (all_s <= wanted_s) {
    throw refuse(
      `all ${plural(n_toys, "toy")} together take about ${fineDuration(all_s)}`,
      "Give fewer minutes, or --shards 1",
    );
  }
  if (all_s / wanted_s > MAX_SHARDS / 2) {
    throw refuse(`that makes about ${Math.ceil(all_s / wanted_s)} shards`, "Give more minutes");
  }
}

/**
 * Throws if a shard of that time would reach the time limit of its job.
 * @param options scheduler options of the run; `known` says which of them is the limit
 * @throws {FarmError} usage
 */
export function checkTimeLimit(
  minutes: number,
  options: Readonly<Record<string, OptionValue>>,
  known: readonly { name: string; role?: string | undefined }[],
): void {
  const name = known.find(({ role }) => role === "time")?.name ?? "";
  const limit = options[name];
  if (typeof limit !== "string" || !/^\d/.test(limit)) return;
  if (minutes * 60 < durationSeconds(`--${name}`)(limit)) return;
  throw new FarmError(
    "usage",
    `Cannot use --shard-minutes ${minutes} with --${name} ${limit}: such jobs reach their time limit`,
    "Give fewer minutes or a longer limit, about twice the time of a shard",
  );
}

/**
 * Returns the first split of a run: probes, then one range that is cut when they have ended; without `probes` the
 * shards themselves, by the time of the trial fit.
 */
export function firstSplit(
  n_toys: number,
  minutes: number,
  time: ToyTime,
  probes: readonly ProbePlace[] | null,
): SizedRange[] {
  if (probes === null) {
    return cutByTime({ start: 0, count: n_toys }, minutes, [{ ...time, executor: null, slots: null }]);
  }
  const places = probes.flatMap(({ executor, slots }) => Array.from({ length: slots }, () => executor));
  const used = spread(places, Math.max(1, Math.floor(n_toys * PROBED_SHARE)));
  const size = toysOfProbe(n_toys, minutes, used.length, time);
  const ranges = used.map((executor, i): SizedRange => ({
    start: i * size,
    count: size,
    farm: { probe: true, ...(executor === null ? {} : { sized_for: executor }) },
  }));
  const start = used.length * size;
  return start >= n_toys ? ranges : [...ranges, { start, count: n_toys - start, farm: { uncut: true } }];
}

/** Returns the number of toys of each of `n` probes, which together take at most a quarter of all toys. */
export const toysOfProbe = (n_toys: number, minutes: number, n: number, time: ToyTime): number =>
  Math.min(
    toysInTime(Math.min(PROBE_S, PROBE_SHARE * minutes * 60), time),
    Math.max(1, Math.floor(n_toys * PROBED_SHARE / n)),
  );

/** Returns at most `most` of the values, evenly over the list, so that each executor keeps some. */
const spread = <T>(values: readonly T[], most: number): T[] =>
  values.length <= most
    ? [...values]
    : Array.from({ length: most }, (_, i) => values[Math.floor(i * values.length / most)]!);

/**
 * Cuts toys into shards that take `minutes` on the executor that each is for, with shorter ones at the end. Executors
 * get toys in proportion to their speed (weighted factoring: Hummel, Schmidt, Uma and Wein, SPAA 1996).
 * @returns the longest shards first; together they have each toy of the range once
 */
export function cutByTime(range: ToyRange, minutes: number, kinds: readonly TimedSlots[]): SizedRange[] {
  const rates = kinds.map(({ toy_s, slots }) => (slots ?? 1) / Math.max(toy_s, 1e-9));
  const pieces = splitByWeight(range.count, rates).flatMap(({ count, index }) => {
    const kind = kinds[index];
    if (!kind) return [];
    const full = Math.max(toysInTime(minutes * 60, kind), Math.ceil(count / (MAX_SHARDS / 4)));
    return shardSizes(count, full, kind.slots).map((size) => ({ size, share: size / full, executor: kind.executor }));
  });
  let start = range.start;
  return pieces.toSorted((a, b) => b.share - a.share).map(({ size, executor }) => {
    const farm = executor === null ? {} : { sized_for: executor };
    start += size;
    return { start: start - size, count: size, farm };
  });
}

/** Smallest shard at the end, as a share of a full one: below it, start-up would weigh too much. */
const LEAST_SHARE = 1 / 4;

/** Share of the toys that are in half shards at the end, where the number of slots is unknown. */
const TAIL_SHARE = 1 / 10;

/**
 * Returns the numbers of toys of shards of `full` toys, with smaller ones at the end: once at most two full shards per
 * slot are left, each has its slot's half of the rest (factoring: Hummel, Schonberg and Flynn, CACM 35, 1992).
 */
export function shardSizes(count: number, full: number, slots: number | null): number[] {
  const least = Math.ceil(full * LEAST_SHARE);
  const tail = slots === null ? count * TAIL_SHARE : 2 * slots * full;
  const sizes: number[] = [];
  for (let left = count; left > 0;) {
    const wanted = left > tail ? full : slots === null ? Math.ceil(full / 2) : Math.ceil(left / (2 * slots));
    const size = Math.min(full, left, Math.max(least, wanted));
    // What would be left is too small for a shard of its own: two halves.
    const used = size < left && left - size < least ? Math.ceil(left / 2) : size;
    sizes.push(used);
    left -= used;
  }
  return sizes;
}

/**
 * Returns the manifest with its uncut toys cut into shards by the measured times; the entry stays with `replaced_by`,
 * its pieces are appended. The same object where no toys are uncut.
 */
export function cutUncut(manifest: FarmManifest, kinds: readonly TimedSlots[], at_utc: string): FarmManifest {
  const { plans, farm } = manifest;
  const rest = uncutPlan(manifest);
  if (!rest || farm.shard_minutes === undefined) return manifest;
  const range = { start: rest.toy_start, count: rest.n_toys };
  const pieces = cutByTime(range, farm.shard_minutes, kinds).map((range, i): Plan => ({
    ...pieceOf(rest, plans.length + i, range),
    farm: range.farm,
  }));
  const replaced: Plan = { ...rest, farm: { ...rest.farm, replaced_by: pieces.map((piece) => piece.shard_index) } };
  const times = kinds.map((kind) => timeWords(farm.shard_minutes ?? 0, kind)).join("; ");
  const change = `cut ${plural(rest.n_toys, "toy")} into ${plural(pieces.length, "shard")}: ${times}`;
  return {
    ...manifest,
    plans: [...plans.with(rest.shard_index, replaced), ...pieces],
    farm: { ...farm, history: [...farm.history, { at_utc, change, shards: [rest.shard_index] }] },
  };
}

function timeWords(minutes: number, kind: TimedSlots): string {
  const toys = plural(toysInTime(minutes * 60, kind), "toy");
  const where = kind.executor === null ? "" : ` on ${kind.executor}`;
  return `${fineDuration(kind.toy_s)} per toy${where}, ${toys} in ${rounded(minutes, 3)} min`;
}

/** Returns the first split of a run by time in words; undefined where no toys wait for the times of probes. */
export function timedWords(manifest: FarmManifest): string | undefined {
  const rest = uncutPlan(manifest);
  const probes = cutPlans(manifest);
  return rest &&
    `${plural(probes.length, "shard")} of ${plural(probes[0]?.n_toys ?? 0, "toy")} first: their times give ` +
      `the size of shards of ${rounded(manifest.farm.shard_minutes ?? 0, 3)} min for the other ${rest.n_toys}`;
}

export interface ProbeTime {
  executor: string;
  n_toys: number;
  wall_s: number;
  /** nextstat's own time for its toys; null: unknown. */
  fit_s: number | null;
}

/**
 * Returns the time of toys by executor; for a scheduler's jobs together, since no job chooses its node.
 * @param by_executor whether shards are handed to executors by name
 */
export function timesOfProbes(probes: readonly ProbeTime[], by_executor: boolean): TimedSlots[] {
  const groups = Map.groupBy(probes, ({ executor }) => by_executor ? executor : null);
  return [...groups].map(([executor, all]) => {
    const sum = (of: (probe: ProbeTime) => number) => all.reduce((total, probe) => total + of(probe), 0);
    const fit_s = sum(({ fit_s, wall_s }) => Math.min(wall_s, fit_s ?? wall_s));
    return {
      executor,
      slots: by_executor ? all.length : null,
      toy_s: fit_s / sum(({ n_toys }) => n_toys),
      startup_s: (sum(({ wall_s }) => wall_s) - fit_s) / all.length,
    };
  });
}
