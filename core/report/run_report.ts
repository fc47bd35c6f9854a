import { ADVICE, nextCommand, OLD_ADVICE, type Remedies, remedyOf } from "../advice.ts";
import { wavesText } from "../collected.ts";
import { FAILURES } from "../failure.ts";
import { fitWarnings, STUCK } from "../fit_quality.ts";
import {
  duration,
  mebibytes,
  percent,
  plural,
  shardRanges,
  shortDuration,
  significant,
  threadsText,
  uncertainSeconds,
} from "../format.ts";
import type { MergedFinding } from "../merge/merged_check.ts";
import { doneShards, type RunFacts, type ShardFacts, sumOf } from "../run_facts.ts";
import type { FitQuality } from "../schema/fit_quality.ts";
import { NOT_SUBMITTED, STATES } from "../shard_states.ts";
import { quoteCommand } from "../shell_quote.ts";
import { finiteOf } from "../statistics.ts";
import { type RunUsage, usageRows } from "../usage.ts";
import { cpuShare, hostShares } from "../sweep/measures.ts";
import { poiHistogram, pullHistogram, shardTimes } from "./figures/distributions.ts";
import { convergence, hostRates, throughput } from "./figures/rates.ts";
import { startsFigure } from "./figures/starts.ts";
import { gantt } from "./figures/timeline.ts";
import { type Column, listOf, numberColumn, type Page, tableCard, textCard, type Tile } from "./page.ts";
import { leadMark, startsCards, startsTiles } from "./starts_card.ts";
import { breakable, type Figure, type Markup, markup } from "./plot.ts";

/** Open shards with the same reason, and the remedy. */
interface FailureGroup {
  words: string;
  shards: string;
  n: number;
  /** Examples of their messages. */
  why: string[];
  /** First step. */
  advice: string;
  /** null: no command helps before that step. */
  command: string | null;
}

/** Returns groups of open shards with the same reason, the largest first. */
export function failureGroups(run: RunFacts, remedies: Remedies): FailureGroup[] {
  const bad = run.shards.filter(({ state }) => state !== "done");
  const groups = Map.groupBy(bad, wordsOf);
  return [...groups].map(([words, shards]) => ({
    words,
    shards: shardRanges(shards.map((shard) => shard.shard_index)),
    n: shards.length,
    why: [...new Set(shards.flatMap(({ why }) => why ?? []))].slice(0, 3),
    ...helpFor(run, shards[0], remedies),
  })).sort((a, b) => b.n - a.n);
}

const wordsOf = ({ state, cause }: RunFacts["shards"][number]): string =>
  state === "failed" && cause !== null ? FAILURES[cause].words : STATES[state].words;

function helpFor(
  run: RunFacts,
  shard: RunFacts["shards"][number] | undefined,
  remedies: Remedies,
): Pick<FailureGroup, "advice" | "command"> {
  if (run.is_old) {
    return { advice: OLD_ADVICE, command: quoteCommand(["nsfarm-deno", "logs", run.run_dir, `${shard?.shard_index}`]) };
  }
  // Files alone do not show whether a shard waits in a queue; it does not if nothing was submitted.
  const isOpen = shard?.state === "queued" && (run.submitted_ms === null || remedies.refusal !== null);
  const remedy = shard ? remedyOf({ ...shard, why: isOpen ? NOT_SUBMITTED : shard.why }, remedies) : "other";
  const words = nextCommand(new Set([remedy]), remedies, false);
  const command = words &&
    quoteCommand(["nsfarm-deno", ...words.map((word) => word === "RUN_DIR" ? run.run_dir : word)]);
  return { advice: ADVICE[remedy], command };
}

/** Returns all figures of a run that its known facts allow. */
export function runFigures(run: RunFacts): Figure[] {
  const figures = [
    ...[gantt(run), shardTimes(run), throughput(run), hostRates(hostShares([run])), convergence(run)],
    ...(run.toys ? [poiHistogram(run.toys), pullHistogram(run.toys, run.fits?.poi_bounds ?? null)] : []),
    ...(run.fits?.starts ? [startsFigure(run.fits.starts)] : []),
  ].filter((figure) => figure !== null);
  const n_half = figures.filter(({ is_wide }) => !is_wide).length;
  // With an odd number of cards the fitted POI has a full row, so that no half row stays empty.
  const wide = run.toys && n_half % 2 === 1 ? poiHistogram(run.toys, true) : null;
  return figures.map((figure) => figure.name === wide?.name ? wide : figure);
}

/** Returns the page of one run. @param usage what it requested and used; null: unknown */
export function runPage(run: RunFacts, remedies: Remedies, usage: RunUsage | null = null): Page {
  const groups = failureGroups(run, remedies);
  return {
    title: run.run_id,
    about: [aboutLine(run), run.run_dir, ...run.unused_hosts],
    lead: `${leadMark(run.fits)}${leadOf(run)}`,
    tiles: [
      ...run.merged_check.findings.flatMap(findingTiles),
      ...(run.fits ? [...fitTiles(run.fits), ...startsTiles(run.fits)] : []),
      ...tilesOf(run, usage),
    ],
    cards: [
      ...(groups.length > 0 ? [failureCard(groups)] : []),
      ...(run.result.length > 0 ? [resultCard(run.result)] : []),
      ...recoveryCards(run.recovered),
      ...(run.fits ? fitCards(run.fits) : []),
      ...pullCards(run),
      ...runFigures(run),
      ...(run.fits ? startsCards(run.fits) : []),
      ...(usage ? [usageCard(usage)] : []),
      shardTable(run),
    ],
  };
}

function aboutLine(run: RunFacts): string {
  const { scheduler, n_toys, shards, threads, nextstat_version, created_at_utc } = run;
  const nextstat = nextstat_version === null ? "" : `, nextstat ${nextstat_version}`;
  const workload = run.workload === "" ? "" : `${run.workload}: `;
  return `${workload}${n_toys} toys in ${shards.length} shards on ${scheduler}, ${
    threadsText(threads)
  }${nextstat}, seed ${run.seed}; rendered ${created_at_utc.slice(0, 16).replace("T", " ")} UTC`;
}

function leadOf(run: RunFacts): string {
  const done = doneShards(run).length;
  if (done < run.shards.length) {
    return `${done} of ${run.shards.length} shards have a valid result; the others are listed below, with what to do.`;
  }
  const { makespan_s, toys_per_s, stretches, waves } = run.times;
  if (makespan_s !== null && toys_per_s !== null) {
    const in_waves = waves === null || waves === 1 ? "" : `, in ${waves} waves`;
    return `All ${run.n_toys} toys took ${
      shortDuration(makespan_s)
    } from the first start to the last finish${in_waves}: ${significant(toys_per_s)} toys/s.`;
  }
  const unknown = run.is_old ? "No record says when they ran" : "The hosts' clocks disagree about when they ran";
  return stretches.length > 1
    ? `All shards are done. The run was interrupted: it ran in ${stretches.length} sessions, so it has no single makespan.`
    : `All shards are done. ${unknown}, so the makespan is unknown; the longest shard does not replace it.`;
}

const FINDING_VALUES: Record<Exclude<MergedFinding["kind"], "fits" | "starts">, string> = {
  damaged: "DAMAGED",
  other: "NOT THIS RUN",
  partial: "PARTIAL",
  guardrail: "FAILED",
  note: "note",
};

/** Returns the tiles of a finding; fits and starts have tiles and cards of their own. */
function findingTiles({ kind, what }: MergedFinding): Tile[] {
  return kind === "fits" || kind === "starts"
    ? []
    : [{ value: FINDING_VALUES[kind], words: what, is_bad: kind !== "note" }];
}

/** Returns the tiles of what is known; an unknown makespan keeps its tile, and the lead says why. */
function tilesOf(run: RunFacts, usage: RunUsage | null): Tile[] {
  const { makespan_s, makespan_spread_s, toys_per_s, turnaround_s, ...times } = run.times;
  const spread = makespan_s !== null && makespan_spread_s
    ? ` (${uncertainSeconds(makespan_s, makespan_spread_s)}, from the hosts' clocks)`
    : "";
  const waves = times.waves === null ? "" : `; ${wavesText(times)}`;
  const done = doneShards(run);
  const converged = done.length === 0 ? null : sumOf(done.map((shard) => shard.n_converged));
  return [
    {
      value: makespan_s === null ? times.stretches.length > 1 ? "n/a" : "unknown" : shortDuration(makespan_s),
      words: `makespan_s${spread}`,
      is_first: true,
    },
    ...tile(toys_per_s, significant, "toys/s (toys / makespan)"),
    ...tile(turnaround_s, shortDuration, "turnaround_s, from the first submission"),
    ...tile(times.max_shard_elapsed_s, shortDuration, `max_shard_elapsed_s: longest shard${waves}`),
    ...tile(converged, String, `of ${run.n_toys} toys converged`),
    ...tile(run.is_old ? null : times.cpu_s, duration, cpuWords(run, usage)),
  ];
}

const tile = (value: number | null, text: (value: number) => string, words: string): Tile[] =>
  value === null ? [] : [{ value: text(value), words }];

function cpuWords(run: RunFacts, usage: RunUsage | null): string {
  const share = usage?.cpu_efficiency ?? cpuShare(doneShards(run), Number(run.threads));
  const lost = run.times.wasted_cpu_s;
  return [
    "CPU time",
    ...(share === null ? [] : [`efficiency ${percent(share)} = CPU time / (wall time × CPUs)`]),
    ...(lost > 0 ? [`${duration(lost)} more lost in failed attempts`] : []),
  ].join("; ");
}

/** Returns a tile with the number of toys on a bound, if it is too large for chance. */
function fitTiles({ poi, n_toys, findings }: FitQuality): Tile[] {
  const stuck = findings.filter(({ kind }) => STUCK.has(kind));
  return stuck.map(({ kind, n }) => ({
    value: n === n_toys ? `all ${n}` : `${n} of ${n_toys}`,
    words: `toys ${STUCK_WORDS[kind]} ${poi}: these fits got stuck`,
    is_bad: true,
  }));
}

const STUCK_WORDS: Partial<Record<FitQuality["findings"][number]["kind"], string>> = {
  lower_bound: "on the lower bound of",
  upper_bound: "on the upper bound of",
  all_equal: "with the same",
};

/** Returns the card of the result; columns of spaces, as a terminal has them, become signs. */
function resultCard(lines: readonly string[]): Markup {
  const items = lines.map((line) => line.replace(/^(\S+) {2,}/, "$1: ").replaceAll(/ {2,}/g, "; "));
  return textCard("Result", listOf(items));
}

function fitCards(fits: FitQuality): Markup[] {
  const lines = fitWarnings(fits);
  if (lines.length === 0) return [];
  const items = lines.map((line) => markup`<li class="bad">${breakable(line)}</li>`);
  return [textCard("How the toys were fitted", markup`<ul>${items}</ul>`)];
}

/** Returns the card in place of the pulls' histogram where they were asked for and no toy has a usable one. */
function pullCards({ toys, has_pulls, fits }: RunFacts): Markup[] {
  if (!toys || !has_pulls || finiteOf(toys.poi_hat).length === 0) return [];
  if (pullHistogram(toys, fits?.poi_bounds ?? null)) return [];
  const why = `their sigma is 0 or no number, or ${toys.poi_name} is on its bound`;
  return [textCard("Pulls", markup`<p class="bad">NONE: no toy has a usable sigma; ${why}.</p>`)];
}

function failureCard(groups: readonly FailureGroup[]): Markup {
  const items = groups.map(({ words, n, shards, why, advice, command }) => {
    const printed = why.length === 0 ? null : markup`: ${breakable(why.join(" · "))}`;
    return markup`<li><span class="bad">${words}</span>, ${plural(n, "shard")} (${shards})${printed}<br>${advice}${
      command === null ? null : markup`<br><code>${breakable(command)}</code>`
    }</li>`;
  });
  return textCard("Shards without a result", markup`<ul>${items}</ul>`);
}

/** Returns the card of what recoveries did; none without any. */
const recoveryCards = (lines: readonly string[]): Markup[] =>
  lines.length === 0 ? [] : [textCard("Recovered by itself", listOf(lines))];

function usageCard(usage: RunUsage): Markup {
  const lines = usageRows(usage).map(({ what, used, requested }) =>
    `${what}: ${used}${requested === "" ? "" : `; requested ${requested}`}`
  );
  return textCard("Requested and used", listOf(lines));
}

/** Maximum number of rows: a longer page is useless, and too large for a phone. */
const MAX_ROWS = 1000;

const OVERHEAD = "Overhead: wall time minus the time to generate and fit the toys.";

function shardTable(run: RunFacts): Markup {
  const bad = run.shards.filter(({ state }) => state !== "done");
  const slowest = doneShards(run).toSorted((a, b) => (b.wall_s ?? 0) - (a.wall_s ?? 0));
  const rows = [...bad, ...slowest].slice(0, MAX_ROWS);
  const note = rows.length < run.shards.length
    ? `${rows.length} of ${run.shards.length} shards: the unfinished ones first, then the slowest. Click a column header to sort. ${OVERHEAD}`
    : `Unfinished shards first, then slowest. Click a column header to sort. ${OVERHEAD}`;
  const first = run.shards.reduce((least, { span }) => Math.min(least, span?.started_ms ?? Infinity), Infinity);
  return tableCard("Shards", note, shardColumns(first), rows);
}

function shardColumns(first_ms: number): Column<ShardFacts>[] {
  return [
    numberColumn("shard", (shard) => shard.shard_index, String),
    { head: "state", cell: (shard) => shard.why === null ? shard.state : `${shard.state}: ${shard.why}`, look: "left" },
    { head: "host", cell: (shard) => shard.host ?? "", look: "left" },
    numberColumn("toys", (shard) => shard.n_toys, String),
    numberColumn(
      "start (s)",
      (shard) => shard.span && (shard.span.started_ms - first_ms) / 1000,
      (value) => value.toFixed(2),
    ),
    numberColumn("wall (s)", (shard) => shard.wall_s, (value) => value.toFixed(3)),
    numberColumn("overhead (s)", overhead, (value) => value.toFixed(3)),
    numberColumn("CPU (s)", (shard) => shard.cpu_s, (value) => value.toFixed(3)),
    numberColumn("memory (MiB)", (shard) => shard.max_rss_bytes, mebibytes),
    numberColumn("load (1 min)", (shard) => shard.load_start, (value) => value.toFixed(2)),
    numberColumn(
      "not converged",
      (shard) => shard.n_converged === null ? null : shard.n_toys - shard.n_converged,
      String,
    ),
  ];
}

const overhead = ({ wall_s, fit_s }: ShardFacts) =>
  wall_s === null || fit_s === null ? null : Math.max(0, wall_s - fit_s);
