// @ts-types="@types/d3-array"
import { max, median } from "d3-array";
import { percent, plural, rounded, shortDuration, significant } from "../format.ts";
import type { CountSummary, HostShare, PointSummary } from "../schema/sweep_summary.ts";
import { type Contention, middle, spreadOf, type Tail } from "./measures.ts";
import type { SweepPlan } from "./point_summary.ts";

/** Lower and upper limit of a makespan, in seconds. */
interface Bounds {
  least_s: number;
  most_s: number;
}

/**
 * Returns limits on a run's makespan from its longest shard. The run took at least as long as its longest shard. While
 * shards wait, every slot begins a new one at least every `longest_s`, so the last one began at most ceil(shards /
 * slots) - 1 such times after the first; this holds if no slot was idle while shards waited (Graham 1969, list
 * scheduling).
 */
export function makespanBounds(shards: number, slots: number, longest_s: number): Bounds {
  return { least_s: longest_s, most_s: Math.ceil(shards / slots) * longest_s };
}

/** Input of the interpretation of a sweep. */
interface Figures {
  counts: readonly CountSummary[];
  points: readonly PointSummary[];
  hosts: readonly HostShare[];
  contention: Contention | null;
  /** Tail of the median run of the best count. */
  tail: Tail | null;
  /** Number of slots in the pool, if the user gives it. */
  slots: number | null;
  /** Run from which the others were predicted. */
  plan: Pick<SweepPlan, "run_id"> | null;
}

/** Returns paragraphs with the conclusions that the numbers allow, and those that they do not allow. */
export function interpret(figures: Figures): string[] {
  return [
    ...best(figures.counts),
    ...sweepFitWarnings(figures.points).map((words) => `WARNING: ${words}.`),
    ...bounds(figures),
    ...claims(figures.counts),
    ...startUp(figures.counts),
    ...oversharding(figures.counts),
    ...contention(figures),
    ...tail(figures.tail),
    ...predictions(figures),
    ...failures(figures.points),
  ];
}

/**
 * Returns the warnings about the fits of a sweep's runs. The runs have the same toys, so warnings of different runs
 * differ at most in the number of shards; each is printed once.
 */
export function sweepFitWarnings(points: readonly PointSummary[]): string[] {
  const all = points.flatMap(({ run_id, fit_warnings }) => fit_warnings.map((words) => ({ run_id, words })));
  const groups = Map.groupBy(all, ({ words }) => words.replaceAll(/\d+/g, "#"));
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (!first) return [];
    const runs = new Set(group.map(({ run_id }) => run_id));
    return [`${runs.size === 1 ? first.run_id : `${first.run_id} and ${runs.size - 1} more`}: ${first.words}`];
  });
}

/** Returns the counts with a makespan, the shortest first. */
export function ranked(counts: readonly CountSummary[]): { count: CountSummary; makespan_s: number }[] {
  return counts.flatMap((count) => {
    const makespan_s = middle(count.makespan_s);
    return makespan_s === null ? [] : [{ count, makespan_s }];
  }).sort((a, b) => a.makespan_s - b.makespan_s);
}

/** Returns what the longest shard implies for runs without a makespan. */
function bounds({ points, slots }: Figures): string[] {
  const unknown = points.filter((point) => point.makespan_s === null && point.n_stretches < 2);
  const known = unknown.flatMap(({ shards, run_id, max_shard_elapsed_s }) =>
    max_shard_elapsed_s === null ? [] : [{ shards, run_id, longest_s: max_shard_elapsed_s }]
  );
  if (known.length === 0) return [];
  if (slots === null) {
    return [
      "Some makespans are unknown; give the number of slots (--slots) to get bounds: at least the longest shard, at most the longest shard times the waves.",
    ];
  }
  const words = known.map(({ shards, run_id, longest_s }) => {
    const { least_s, most_s } = makespanBounds(shards, slots, longest_s);
    return `${run_id} ${
      least_s === most_s ? shortDuration(least_s) : `${shortDuration(least_s)} to ${shortDuration(most_s)}`
    }`;
  });
  return [`Bounds on unknown makespans, from ${slots} slots and the longest shard: ${words.join(", ")}.`];
}

function best(counts: readonly CountSummary[]): string[] {
  const [first, second] = ranked(counts);
  if (!first) {
    const known = counts.some(({ max_shard_elapsed_s }) => max_shard_elapsed_s !== null);
    return [
      known
        ? "No makespan is known. The longest shard alone shows neither how long a run took nor which count is best: with more shards than slots they run in waves, and the longest shard falls as 1/shards even when the run gets no faster."
        : "No run has finished: nothing can be concluded.",
    ];
  }
  const rate = middle(first.count.toys_per_s);
  const words = `${first.count.shards} shards were fastest: makespan ${shortDuration(first.makespan_s)}${
    rate === null ? "" : `, ${significant(rate)} toys/s`
  }.`;
  return [second ? `${words} ${difference(first, second)}` : words];
}

type Ranked = ReturnType<typeof ranked>[number];

function difference(first: Ranked, second: Ranked): string {
  const gap = second.makespan_s - first.makespan_s;
  const lead = `The next, ${second.count.shards} shards, took ${shortDuration(gap)} more`;
  const [a, b] = [spreadOf(first.count.makespan_s), spreadOf(second.count.makespan_s)];
  if (a === null || b === null) {
    return `${lead}; ${measuredOnce(first, second)}, so the difference may be chance${
      hasRepeats(first) || hasRepeats(second) ? "" : " (--repeats)"
    }.`;
  }
  const spread = Math.hypot(a, b);
  return gap > 2 * spread
    ? `${lead}: the difference is above the spread of the repeats (more than twice ${shortDuration(spread)}).`
    : `${lead}: within the spread of the repeats (twice ${shortDuration(spread)}), so the two are not distinguishable.`;
}

const hasRepeats = ({ count }: Ranked) => count.n_runs > 1;

/** Returns which of two counts has a makespan of only one run, although it may have had more runs. */
function measuredOnce(...counts: [Ranked, Ranked]): string {
  const once = counts.filter(({ count }) => spreadOf(count.makespan_s) === null);
  if (!once.some(hasRepeats)) {
    return once.length === 2 ? "each was measured once" : `${once[0]?.count.shards} shards were measured once`;
  }
  const words = once.map(({ count }) =>
    `of ${count.shards} shards ${count.n_runs > 1 ? `only one of ${count.n_runs} runs` : "the one run"}`
  );
  return `a makespan is known ${words.join(" and ")}`;
}

/** Ratio of the old definition to the true makespan above which the text mentions it. */
const MISLEADING = 1.2;

function claims(counts: readonly CountSummary[]): string[] {
  const off = counts.flatMap((count) => {
    const [claimed, real] = [middle(count.claimed_toys_per_s), middle(count.toys_per_s)];
    return claimed === null || real === null || real <= 0 ? [] : [{ shards: count.shards, claimed, real }];
  }).filter(({ claimed, real }) => claimed / real > MISLEADING).sort((a, b) => b.claimed / b.real - a.claimed / a.real);
  const [worst] = off;
  if (!worst) return [];
  return [
    `Dividing by the longest shard instead of the makespan would wrongly give ${
      significant(worst.claimed)
    } toys/s for ${worst.shards} shards, ${rounded(worst.claimed / worst.real, 3)} times the real rate (${
      significant(worst.real)
    } toys/s).`,
  ];
}

function startUp(counts: readonly CountSummary[]): string[] {
  const known = counts.filter(({ startup_share }) => startup_share !== null);
  const [few, many] = [known[0], known.at(-1)];
  if (!few || !many) return [];
  const share = ({ startup_share }: CountSummary) => percent(startup_share ?? 0);
  const more = few === many ? "" : ` and ${share(many)} with ${many.shards}`;
  return [
    `Start-up overhead (everything except generating and fitting toys) took ${
      share(few)
    } of the shards' time with ${few.shards} shards${more}.`,
  ];
}

function oversharding(counts: readonly CountSummary[]): string[] {
  const [first] = ranked(counts);
  const ratio = first?.count.shards_per_slot ?? null;
  if (!first || ratio === null) return [];
  const all = counts.flatMap(({ shards, shards_per_slot }) =>
    shards_per_slot === null ? [] : `${shards}: ${rounded(shards_per_slot, 3)}`
  );
  const words = ratio === 1 ? "one shard" : `${rounded(ratio, 3)} shards`;
  return [`The best count gave each slot ${words} (shards per slot: ${all.join(", ")}).`];
}

/** Least |r| that counts as a correlation. */
const CLEAR_R = 0.3;

function contention({ contention, points }: Figures): string[] {
  // Where start-up takes much of the time, shards wait for its reads and writes.
  const shares = points.flatMap(({ cpu_share, startup_share }) => (startup_share ?? 1) < 0.1 ? cpu_share ?? [] : []);
  const least = Math.min(...shares);
  const waited = shares.length > 0 && least < 0.9
    ? [`In the worst run the shards used a CPU for only ${percent(least)} of their time and waited for the rest.`]
    : [];
  if (!contention) return waited;
  const { r, load_min, load_max, n_shards } = contention;
  const range = `loads ${load_min.toFixed(1)} to ${load_max.toFixed(1)}, ${n_shards} shards, r = ${r.toFixed(2)}`;
  const words = r > CLEAR_R
    ? `Toys took longer where the load was higher (${range}): the pool was not idle.`
    : `The time per toy shows no clear correlation with the load (${range}).`;
  return [words, ...waited];
}

/** Least fraction of the makespan that counts as a tail. */
const LONG_TAIL = 0.1;

function tail(tail: Tail | null): string[] {
  if (!tail || tail.makespan_s <= 0) return [];
  const share = tail.tail_s / tail.makespan_s;
  if (share < LONG_TAIL) {
    return [`In the best run all slots finished at about the same time (tail ${percent(share)} of the makespan).`];
  }
  const hosts = tail.hosts.slice(0, 3).map(({ host, n_shards, without_s }) => {
    const without = without_s === null ? "" : `; without it the run would take at least ${shortDuration(without_s)}`;
    return `${host} (${plural(n_shards, "shard")}${without})`;
  });
  return [
    `In the best run half of the slots were idle during the last ${shortDuration(tail.tail_s)} (${
      percent(share)
    } of the makespan), waiting for ${hosts.join(", ")}.`,
  ];
}

function predictions({ counts, plan }: Figures): string[] {
  const errors = counts.flatMap(({ predicted_makespan_s, makespan_s }) => {
    const [predicted, measured] = [middle(predicted_makespan_s), middle(makespan_s)];
    return predicted === null || measured === null || measured <= 0 ? [] : Math.abs(predicted / measured - 1);
  });
  const [typical, most] = [median(errors), max(errors)];
  if (!plan || typical === undefined || most === undefined) return [];
  return [
    `The plan made from ${plan.run_id} alone differs from the measured makespans of the other counts by ${
      percent(typical)
    } (median; at most ${percent(most)}).`,
  ];
}

function failures(points: readonly PointSummary[]): string[] {
  const of = (state: PointSummary["state"]) => points.filter((point) => point.state === state).map((one) => one.run_id);
  const [failed, open] = [of("failed"), of("open")];
  return [
    ...(failed.length > 0 ? [`Failed, and left out of the comparison: ${failed.join(", ")}.`] : []),
    ...(open.length > 0 ? [`Not finished yet: ${open.join(", ")}.`] : []),
  ];
}
