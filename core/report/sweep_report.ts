// @ts-types="@types/d3-array"
import { median } from "d3-array";
import {
  mebibytes,
  percent,
  rounded,
  shortDuration,
  significant,
  tableNumber as seconds,
  threadsText,
  withError,
} from "../format.ts";
import type { CountSummary, PointSummary, SweepSummary } from "../schema/sweep_summary.ts";
import { ranked } from "../sweep/interpret.ts";
import { meanStdText, middle, spreadOf } from "../sweep/measures.ts";
import { CPU_SHARE, cpuModelWords, REPEATS } from "../sweep/summary_text.ts";
import { hostRates } from "./figures/rates.ts";
import { makespanScaling, rateScaling } from "./figures/scaling.ts";
import { type Column, listOf, numberColumn, type Page, tableCard, textCard, type Tile } from "./page.ts";
import type { Figure } from "./plot.ts";

/** Returns all figures of a sweep that its known facts allow. */
export function sweepFigures(summary: SweepSummary): Figure[] {
  return [makespanScaling(summary), rateScaling(summary), hostRates(summary.hosts)].filter((figure) => figure !== null);
}

export function sweepPage(summary: SweepSummary): Page {
  const { sweep_id, scheduler, n_toys, threads, seed, interpretation, points, runs } = summary;
  const [first = "", ...rest] = interpretation;
  return {
    title: `Shard sweep ${sweep_id}`,
    about: [`${n_toys} toys on ${scheduler}, ${threadsText(threads)}, seed ${seed}`, summary.config],
    lead: first,
    tiles: tilesOf(summary),
    cards: [
      textCard("What the numbers say", listOf(rest)),
      ...sweepFigures(summary),
      ...(runs.some(({ n_runs }) => n_runs > 1) ? [tableCard("By shard count", REPEATS, COUNT_COLUMNS, runs)] : []),
      tableCard("Runs", `${CPU_SHARE} Click a column header to sort. Empty cells are unknown.`, COLUMNS, points),
      textCard("Environment", listOf(environment(summary))),
    ],
  };
}

function tilesOf({ runs, points }: SweepSummary): Tile[] {
  const [best] = ranked(runs);
  const done = points.filter(({ state }) => state === "done").length;
  const rate = best ? middle(best.count.toys_per_s) : null;
  const longest = best ? middle(best.count.max_shard_elapsed_s) : null;
  const share = best?.count.startup_share ?? null;
  const cpu = best ? cpuMedian(points, best.count.shards) : null;
  const tile = (value: number | null | undefined, text: (value: number) => string, words: string): Tile[] =>
    value === null || value === undefined ? [] : [{ value: text(value), words }];
  return [
    ...(best ? [{ value: `${best.count.shards}`, words: "shards were fastest", is_first: true }] : []),
    ...tile(best?.makespan_s, shortDuration, makespanWords(best?.count)),
    ...tile(rate, significant, "toys/s (toys / makespan)"),
    ...tile(longest, shortDuration, "max_shard_elapsed_s: longest shard of that count"),
    ...tile(
      share,
      percent,
      `of their shards' time was start-up${cpu === null ? "" : `; CPU efficiency ${percent(cpu)}`}`,
    ),
    { value: `${done}/${points.length}`, words: "runs are done" },
  ];
}

const cpuMedian = (points: readonly PointSummary[], shards: number): number | null =>
  median(points.filter((point) => point.shards === shards).flatMap(({ cpu_share }) => cpu_share ?? [])) ?? null;

/** With repeats their mean and deviation too: what a paper would have. */
function makespanWords(count: CountSummary | undefined): string {
  const figure = count?.makespan_s ?? null;
  return typeof figure === "number" || figure === null
    ? "makespan_s of that count"
    : `makespan_s of that count, median of ${figure.values.length}; mean ± std ${withError(figure.mean, figure.std)} s`;
}

const COUNT_COLUMNS: Column<CountSummary>[] = [
  numberColumn("shards", (count) => count.shards, String),
  { head: "runs done", cell: ({ n_done, n_runs }) => `${n_done}/${n_runs}`, value: ({ n_done }) => n_done },
  numberColumn("makespan_s", (count) => middle(count.makespan_s), seconds),
  spread((count) => count.makespan_s),
  numberColumn("predicted", (count) => middle(count.predicted_makespan_s), seconds),
  numberColumn("max_shard_elapsed_s", (count) => middle(count.max_shard_elapsed_s), seconds),
  numberColumn("toys/s", (count) => middle(count.toys_per_s), significant),
  spread((count) => count.toys_per_s),
  numberColumn("shards/slot", (count) => count.shards_per_slot, (value) => rounded(value, 3)),
  numberColumn("start-up", (count) => count.startup_share, percent),
];

function spread(of: (count: CountSummary) => CountSummary["makespan_s"]): Column<CountSummary> {
  return { head: "mean ± std", cell: (count) => meanStdText(of(count)) ?? "", value: (count) => spreadOf(of(count)) };
}

const COLUMNS: Column<PointSummary>[] = [
  numberColumn("shards", (point) => point.shards, String),
  numberColumn("repeat", (point) => point.repeat, String),
  { head: "state", cell: ({ state, error }) => error === null ? state : `${state}: ${error}`, look: "left" },
  numberColumn("makespan_s", (point) => point.makespan_s, seconds),
  numberColumn("predicted", (point) => point.predicted_makespan_s, seconds),
  numberColumn("turnaround_s", (point) => point.turnaround_s, seconds),
  numberColumn("max_shard_elapsed_s", (point) => point.max_shard_elapsed_s, seconds),
  numberColumn("waves", (point) => point.waves, String),
  numberColumn("toys/s", (point) => point.toys_per_s, significant),
  numberColumn("toys / longest shard", (point) => point.claimed_toys_per_s, significant),
  numberColumn("converged", (point) => point.n_converged, String),
  numberColumn("errors", (point) => point.n_error, String),
  numberColumn("CPU efficiency", (point) => point.cpu_share, percent),
  numberColumn("memory (MiB)", (point) => point.max_rss_bytes, mebibytes),
  { head: "load before → after", cell: loads, value: (point) => point.load_start },
  { head: "run", cell: (point) => point.run_id, look: "left" },
];

function loads({ load_start, load_end }: PointSummary): string {
  if (load_start === null && load_end === null) return "";
  return [load_start, load_end].map((load) => load?.toFixed(2) ?? "–").join(" → ");
}

function environment({ environment: env, scheduler }: SweepSummary): string[] {
  const lines: [string, readonly string[]][] = [
    ["scheduler", [scheduler]],
    ["CPU models", cpuModelWords(env)],
    ["nextstat", env.nextstat_versions],
    ["rustc", env.rustc_versions],
    ["kernel", env.kernels],
  ];
  return lines.flatMap(([name, values]) => values.length === 0 ? [] : [`${name}: ${values.join(", ")}`]);
}
