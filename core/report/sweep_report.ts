import { mebibytes, percent, shortDuration, significant, tableNumber as seconds } from "../format.ts";
import type { PointSummary, SweepSummary } from "../schema/sweep_summary.ts";
import { ranked } from "../sweep/interpret.ts";
import { middle } from "../sweep/measures.ts";
import { hostRates } from "./figures/rates.ts";
import { makespanScaling, rateScaling } from "./figures/scaling.ts";
import { type Column, listOf, type Page, tableCard, textCard, type Tile } from "./page.ts";
import type { Figure, Markup } from "./plot.ts";

/** Returns all figures of a sweep that its known facts allow. */
export function sweepFigures(summary: SweepSummary): Figure[] {
  return [makespanScaling(summary), rateScaling(summary), hostRates(summary.hosts)].filter((figure) => figure !== null);
}

/** Returns the page of a sweep. */
export function sweepPage(summary: SweepSummary, script_sha256: string, footer: string): Page {
  const { sweep_id, scheduler, n_toys, threads, seed, interpretation, points } = summary;
  const [first = "", ...rest] = interpretation;
  return {
    title: `Shard sweep ${sweep_id}`,
    about: [`${n_toys} toys on ${scheduler}, threads ${threads}, seed ${seed}`, summary.config],
    lead: first,
    tiles: tilesOf(summary),
    cards: [
      textCard("What the numbers say", listOf(rest)),
      ...sweepFigures(summary),
      pointTable(points),
      textCard("Environment", listOf(environment(summary))),
    ],
    footer,
    script_sha256,
  };
}

function tilesOf({ runs, points }: SweepSummary): Tile[] {
  const [best] = ranked(runs);
  const done = points.filter(({ state }) => state === "done").length;
  const rate = best ? middle(best.count.toys_per_s) : null;
  const longest = best ? middle(best.count.max_shard_elapsed_s) : null;
  const share = best?.count.startup_share ?? null;
  const or = (value: number | null, text: (value: number) => string) => value === null ? "not known" : text(value);
  return [
    { value: or(best?.count.shards ?? null, String), words: "shards were fastest", is_first: true },
    { value: or(best?.makespan_s ?? null, shortDuration), words: "makespan_s of the fastest count (median)" },
    { value: or(rate, significant), words: "toys/s (toys / makespan)" },
    { value: or(longest, shortDuration), words: "max_shard_elapsed_s: longest shard of that count" },
    { value: or(share, percent), words: "of their shards' time was start-up" },
    { value: `${done}/${points.length}`, words: "runs are done" },
  ];
}

function pointTable(points: readonly PointSummary[]): Markup {
  return tableCard("Runs", "Click a column header to sort. Empty cells are unknown.", COLUMNS, points);
}

function figure(head: string, of: (point: PointSummary) => number | null, text: (value: number) => string) {
  const cell = (point: PointSummary) => {
    const value = of(point);
    return value === null ? "" : text(value);
  };
  return { head, cell, value: of };
}

const COLUMNS: Column<PointSummary>[] = [
  figure("shards", (point) => point.shards, String),
  figure("repeat", (point) => point.repeat, String),
  { head: "state", cell: ({ state, error }) => error === null ? state : `${state}: ${error}`, look: "words" },
  figure("ok", (point) => point.n_ok, String),
  figure("of", (point) => point.n_shards, String),
  figure("makespan_s", (point) => point.makespan_s, seconds),
  figure("predicted", (point) => point.predicted_makespan_s, seconds),
  figure("turnaround_s", (point) => point.turnaround_s, seconds),
  figure("max_shard_elapsed_s", (point) => point.max_shard_elapsed_s, seconds),
  figure("waves", (point) => point.waves, String),
  figure("toys/s", (point) => point.toys_per_s, significant),
  figure("claimed", (point) => point.claimed_toys_per_s, significant),
  figure("converged", (point) => point.n_converged, String),
  figure("errors", (point) => point.n_error, String),
  figure("memory (MiB)", (point) => point.max_rss_bytes, mebibytes),
  figure("load before", (point) => point.load_start, (value) => value.toFixed(2)),
  figure("load after", (point) => point.load_end, (value) => value.toFixed(2)),
  { head: "run", cell: (point) => point.run_id, look: "left" },
];

function environment({ environment: env, scheduler }: SweepSummary): string[] {
  const models = env.cpu_models.map(({ cpu_model, hosts, cpus }) =>
    `${hosts} × ${cpu_model}${cpus === null ? "" : ` (${cpus} CPUs together)`}`
  );
  const lines: [string, readonly string[]][] = [
    ["scheduler", [scheduler]],
    ["CPU models", models],
    ["nextstat", env.nextstat_versions],
    ["rustc", env.rustc_versions],
    ["kernel", env.kernels],
  ];
  return lines.map(([name, values]) => `${name}: ${values.join(", ") || "not known"}`);
}
