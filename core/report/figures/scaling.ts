import type { CountSummary, PointSummary, SweepSummary } from "../../contracts/sweep_summary.ts";
import { middle, spreadOf } from "../../sweep/by_count.ts";
import { logPlot, type Pair, type Series } from "../log_plot.ts";
import type { Figure } from "../plot.ts";

const over = (counts: readonly CountSummary[], of: (count: CountSummary) => CountSummary["makespan_s"]): Pair[] =>
  counts.flatMap((count): Pair[] => {
    const value = middle(of(count));
    return value === null || value <= 0 ? [] : [[count.shards, value]];
  });

/** Makespan against shards, the longest shard beside it; null where neither is known. */
export function makespanScaling(summary: SweepSummary): Figure | null {
  const { runs, points } = summary;
  const spreads = new Map(runs.map((count) => [count.shards, spreadOf(count.makespan_s)]));
  const makespan = over(runs, (count) => count.makespan_s);
  const series: Series[] = [
    { words: "ideal: work by slots", colour: "muted", points: ideal(summary), look: "dots" },
    {
      words: "max_shard_elapsed_s (the longest shard)",
      colour: "second",
      points: over(runs, (count) => count.max_shard_elapsed_s),
      look: "hollow",
    },
    {
      words: "predicted from one run",
      colour: "c3",
      points: over(runs, (count) => count.predicted_makespan_s),
      look: "cross",
    },
    {
      words: "makespan_s",
      colour: "accent",
      points: makespan,
      bars: makespan.map(([shards]) => spreads.get(shards) ?? null),
      look: "line",
    },
  ];
  return logPlot({
    name: "makespan",
    title: "Makespan against shards",
    caption:
      "Median of the repeats, bars: ± their std, small dots: every run. Both axes are logarithmic. The longest shard falls as 1/shards whatever the run takes.",
    is_wide: true,
    y_label: "seconds",
    series,
    singles: singles(points, (point) => point.makespan_s),
  });
}

/** Toys a second as they were, and as the longest shard would claim. */
export function rateScaling({ runs, points }: SweepSummary): Figure | null {
  const spreads = new Map(runs.map((count) => [count.shards, spreadOf(count.toys_per_s)]));
  const real = over(runs, (count) => count.toys_per_s);
  return logPlot({
    name: "rate",
    title: "Throughput against shards",
    caption: "All toys by the makespan, beside what toys by the longest shard would claim.",
    is_wide: false,
    y_label: "toys/s",
    series: [
      {
        words: "claimed by the longest shard",
        colour: "second",
        points: over(runs, (count) => count.claimed_toys_per_s),
        look: "hollow",
      },
      {
        words: "toys by makespan",
        colour: "accent",
        points: real,
        bars: real.map(([shards]) => spreads.get(shards) ?? null),
        look: "line",
      },
    ],
    singles: singles(points, (point) => point.toys_per_s),
  });
}

function singles(points: readonly PointSummary[], of: (point: PointSummary) => number | null): Pair[] {
  return points.flatMap((point): Pair[] => {
    const value = of(point);
    return value === null || value <= 0 || point.state !== "done" ? [] : [[point.shards, value]];
  });
}

/** The toys alone, at the shortest time for a toy that was seen, evenly on all slots. */
function ideal({ points, runs, n_toys }: SweepSummary): Pair[] {
  const done = points.filter(({ state }) => state === "done");
  const toy_s = done.reduce((least, point) => Math.min(least, point.toy_s ?? Infinity), Infinity);
  const slots = done.reduce((most, point) => Math.max(most, point.slots ?? 0), 0);
  if (!Number.isFinite(toy_s) || slots === 0) return [];
  return runs.map(({ shards }): Pair => [shards, n_toys * toy_s / Math.min(shards, slots)]);
}
