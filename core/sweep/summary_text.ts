import { quoteField } from "../csv.ts";
import { mebibytes, percent, rounded, significant, tableNumber } from "../format.ts";
import type { CountSummary, PointSummary, Repeated, SweepSummary } from "../schema/sweep_summary.ts";
import { meanStdText, middle } from "./measures.ts";

const COLUMNS = [
  ...["sweep_id", "shards", "repeat", "run_id", "state", "error", "n_shards", "n_ok", "n_toys", "n_converged"],
  ...["n_error", "makespan_s", "makespan_spread_s", "turnaround_s", "max_shard_elapsed_s", "waves", "slots"],
  ...["toys_per_s", "claimed_toys_per_s", "cpu_s", "wasted_cpu_s", "toy_s", "startup_s", "startup_share", "cpu_share"],
  ...["load_start", "load_end", "max_rss_bytes", "stopwatch_s", "predicted_makespan_s", "run_dir"],
] as const;

/** Returns whether a file with this beginning is such a table, also by a version with more columns. */
export const isSummaryCsv = (head: string): boolean => head.startsWith(COLUMNS.slice(0, 10).join(","));

/** Returns a line of CSV for every run of a sweep (RFC 4180, except for line ends); empty: unknown. */
export function summaryCsv({ sweep_id, points }: SweepSummary): string {
  const rows = points.map((point) => {
    const values: Record<string, unknown> = { ...point, sweep_id };
    return COLUMNS.map((name) => cell(values[name] ?? ""));
  });
  return [COLUMNS, ...rows].map((row) => row.join(",") + "\n").join("");
}

/** Prefixes an apostrophe to foreign text that a spreadsheet would read as a formula. */
function cell(value: unknown): string {
  if (typeof value === "number") return `${value}`;
  return quoteField(String(value).replace(/^[=+\-@\t\r]/, "'$&"));
}

/** Escapes foreign text for a line or a table of Markdown. */
function mdText(text: string): string {
  // deno-lint-ignore no-control-regex
  const line = text.replaceAll(/[\u0000-\u001f\u007f]+/g, " ");
  return line.replaceAll(/[\\`*{}[\]<>#|~&!]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])/g, (mark) => `\\${mark}`);
}

/** Returns foreign text as Markdown code: with a fence longer than any inside, and without cell borders. */
function mdCode(text: string): string {
  // deno-lint-ignore no-control-regex
  const line = text.replaceAll(/[\u0000-\u001f\u007f]+/g, " ").replaceAll("|", "\\|");
  const longest = Math.max(0, ...[...line.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return longest === 0 ? `${fence}${line}${fence}` : `${fence} ${line} ${fence}`;
}

/** Returns a Markdown table. @param align of each column: l or r */
function mdTable(head: readonly string[], align: string, rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const rule = `|${[...align].map((one) => one === "r" ? "---:" : "---").join("|")}|`;
  return [line(head), rule, ...rows.map(line)].join("\n");
}

const TITLE = "# Shard sweep ";

/** Returns whether a file with this beginning is a summary, by this program or the old scripts. */
export const isSummary = (head: string): boolean =>
  head.startsWith(TITLE) || head.startsWith("# PF3.2 Unbinned CPU Farm Shard Sweep\n");

export function summaryMarkdown(summary: SweepSummary): string {
  const { runs, points } = summary;
  const repeated = runs.some(({ n_runs }) => n_runs > 1);
  return [
    `${TITLE}${mdText(summary.sweep_id)}`,
    head(summary),
    ...(repeated ? ["## By shard count", countTable(runs), REPEATS] : []),
    repeated ? "## Every run" : "## Runs",
    pointTable(points),
    TIMES,
    "## Interpretation",
    summary.interpretation.map((line) => `- ${mdText(line)}`).join("\n"),
    "## Hosts",
    hostTable(summary),
    "## Environment",
    environment(summary),
  ].join("\n\n") + "\n";
}

export const REPEATS =
  "Median, and mean ± std over the repeats (std divides by n). Only finished runs count; shards/slot = shards / the most that ran at the same time.";

/** Explains a column of the tables of runs. */
export const CPU_SHARE = "CPU efficiency = CPU time / (wall time × CPUs).";

const TIMES =
  "**makespan_s** is the last finish minus the first start, **turnaround_s** counts from the first submission, and toys/s = toys / makespan. **max_shard_elapsed_s** is the longest single shard: with more shards than slots they run in waves, so it falls as 1/shards even when the run gets no faster. waves = shards / the most that ran at one time, rounded up. Toys / longest shard is shown for comparison only: it is not the rate of the run. " +
  `${CPU_SHARE} A dash means unknown.`;

function head({ sweep_id, scheduler, config, n_toys, seed, threads }: SweepSummary): string {
  const rows = { sweep_id, scheduler, config, n_toys: `${n_toys}`, seed: `${seed}`, threads };
  return Object.entries(rows).map(([name, value]) => `- ${name}: ${mdCode(value)}`).join("\n");
}

function countTable(runs: readonly CountSummary[]): string {
  const predicted = runs.some((run) => run.predicted_makespan_s !== null);
  const columns = [
    "Shards",
    "runs done",
    "makespan_s",
    "mean ± std",
    ...(predicted ? ["predicted"] : []),
    "max_shard_elapsed_s",
    "waves",
    "toys/s",
    "mean ± std",
    "toys / longest shard (not a rate)",
    "shards/slot",
    "start-up",
    "peak memory",
  ];
  const rows = runs.map((run) => [
    `${run.shards}`,
    `${run.n_done}/${run.n_runs}`,
    seconds(middle(run.makespan_s)),
    meanStd(run.makespan_s),
    ...(predicted ? [seconds(middle(run.predicted_makespan_s))] : []),
    seconds(middle(run.max_shard_elapsed_s)),
    number(middle(run.waves)),
    rate(middle(run.toys_per_s)),
    meanStd(run.toys_per_s),
    rate(middle(run.claimed_toys_per_s)),
    number(run.shards_per_slot),
    share(run.startup_share),
    memory(run.max_rss_bytes),
  ]);
  return mdTable(columns, "r".repeat(columns.length), rows);
}

function pointTable(points: readonly PointSummary[]): string {
  const columns = [
    ...["Shards", "rep", "state", "ok/total", "makespan_s", "turnaround_s", "max_shard_elapsed_s", "waves", "toys/s"],
    ...[
      "toys / longest shard (not a rate)",
      "n_converged",
      "n_error",
      "CPU efficiency",
      "peak memory",
      "load",
      "Run dir",
    ],
  ];
  const rows = points.map((run) => [
    `${run.shards}`,
    `${run.repeat}`,
    run.state === "done" && run.error === null ? "done" : mdText(`${run.state}${run.error ? `: ${run.error}` : ""}`),
    `${run.n_ok}/${run.n_shards}`,
    makespan(run),
    seconds(run.turnaround_s),
    seconds(run.max_shard_elapsed_s),
    number(run.waves),
    rate(run.toys_per_s),
    rate(run.claimed_toys_per_s),
    count(run.n_converged),
    count(run.n_error),
    share(run.cpu_share),
    memory(run.max_rss_bytes),
    `${load(run.load_start)} → ${load(run.load_end)}`,
    mdCode(run.run_dir),
  ]);
  return mdTable(columns, "rrlrrrrrrrrrrrrl", rows);
}

/** Returns the cell of a makespan; an interrupted run has none. */
function makespan({ makespan_s, makespan_spread_s, n_stretches }: PointSummary): string {
  if (makespan_s === null) return n_stretches > 1 ? `n/a (${n_stretches} sessions)` : DASH;
  return makespan_spread_s ? `${makespan_s.toFixed(3)} ± ${makespan_spread_s.toFixed(3)}` : seconds(makespan_s);
}

function hostTable({ hosts }: SweepSummary): string {
  if (hosts.length === 0) return "No run recorded its hosts.";
  const all = hosts.reduce((sum, host) => sum + host.n_toys, 0);
  const rows = hosts.map((host) => [
    mdText(host.host),
    host.cpu_model === null ? DASH : mdText(host.cpu_model),
    `${host.n_shards}`,
    `${host.n_toys}`,
    percent(host.n_toys / all),
    rate(host.toys_per_slot_s),
  ]);
  return mdTable(["Host", "CPU", "shards", "toys", "of all toys", "toys/s per slot"], "llrrrr", rows);
}

export const cpuModelWords = ({ cpu_models }: SweepSummary["environment"]): string[] =>
  cpu_models.map(({ cpu_model, hosts, cpus }) =>
    `${hosts} × ${cpu_model}${cpus === null ? "" : ` (${cpus} CPUs together)`}`
  );

function environment({ scheduler, environment: env }: SweepSummary): string {
  const rows = {
    scheduler: [scheduler],
    "CPU models": cpuModelWords(env),
    nextstat: env.nextstat_versions,
    rustc: env.rustc_versions,
    kernel: env.kernels,
    "load at start and end": [`${load(env.load_start)} → ${load(env.load_end)}`],
    ...(env.pool_before && env.pool_after
      ? { "CPUs of the pool busy before and after": [`${busy(env.pool_before)} → ${busy(env.pool_after)}`] }
      : {}),
  };
  return Object.entries(rows).flatMap(([name, values]) =>
    values.length === 0 ? [] : [`- ${name}: ${values.map(mdText).join(", ")}`]
  ).join("\n");
}

const busy = ({ cpus, cpus_busy }: { cpus: number; cpus_busy: number }) => `${cpus_busy} of ${cpus}`;

const DASH = "–";
const known = (text: (value: number) => string) => (value: number | null): string =>
  value === null ? DASH : text(value);
const seconds = known(tableNumber);
const rate = known(significant);
const number = known((value) => rounded(value, 3));
const count = known((value) => `${value}`);
const share = known(percent);
const load = known((value) => value.toFixed(2));
const memory = known((value) => `${mebibytes(value)} MiB`);

const meanStd = (figure: number | Repeated | null): string => meanStdText(figure) ?? DASH;
