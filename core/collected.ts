import { duration, meanText, measuredSeconds, plural, stdText, uncertainSeconds } from "./format.ts";
import { failureText } from "./merge/guardrails.ts";
import { rateText } from "./progress.ts";
import type { ShardState } from "./schema/enums.ts";
import type { MergeReport } from "./schema/merge_report.ts";
import type { RunTimes } from "./schema/run_times.ts";
import { TINY_SIGMA } from "./usable_pulls.ts";

/** Counts of a collection, kept in the manifest as farm.collected and printed. */
export interface CollectCounts {
  total: number;
  ok: number;
  failed: number;
  /** Neither done nor failed: number of shards by state. */
  other: Partial<Record<ShardState, number>>;
}

export function describeCollected({ total, ok, failed, other }: CollectCounts): string {
  const rest = Object.entries(other).map(([state, n]) => `, ${n} ${state}`).join("");
  return `${ok}/${total} shards ok, ${failed} failed${rest}`;
}

/** Returns the printed answer of `merge`: the path, then the result. */
export function describeMerge(report: MergeReport): string {
  if (report.merged === null) return "";
  const { n_toys_merged, n_converged, n_error } = report;
  const nonconverged = report.n_nonconverged;
  return [
    report.merged,
    `${report.n_shards_merged} of ${report.n_shards} shards, ${n_toys_merged} of ${report.n_toys} toys${
      report.partial ? " (PARTIAL)" : ""
    }`,
    `n_converged ${n_converged}, not converged ${nonconverged}, errors ${n_error}`,
    ...report.result ?? [],
    ...poiLines(report),
    ...(report.guardrails?.failures ?? []).map((failure) => `guardrail failed: ${failureText(failure)}`),
    ...(report.times ? [describeTimes(report.times)] : []),
  ].join("\n");
}

/** Returns mean and deviation of a set of values, with the errors that the report shows too. @param n_ok 0: unknown */
function sampleLine(label: string, mean: number, std: number, n_ok: number): string {
  const words = n_ok > 0
    ? `mean ${meanText({ mean, std, n_ok })}  std ${stdText({ mean, std, n_ok })}`
    : `mean ${six(mean)}  std ${six(std)}`;
  return `${label.padEnd("pulls".length)}  ${words}`;
}

/** Returns the lines of the fitted POI, by its name, and of the pulls; none of what no toy has. */
function poiLines(report: MergeReport): string[] {
  const { fits, mean, std, q16, q50, q84 } = report;
  const poi = mean === null || std === null ? [] : [
    `${sampleLine(fits?.poi ?? "POI", mean, std, fits?.n_toys ?? 0)}  q16 ${six(q16)}  q50 ${six(q50)}  q84 ${
      six(q84)
    }`,
  ];
  return [...poi, ...pullLines(report)];
}

/** Returns the line of the pulls with a usable sigma, with a mark where converged toys lack one; none without pulls. */
function pullLines(report: MergeReport): string[] {
  const { pull_mean, pull_std, n_pulls, usable_pulls: usable } = report;
  const [mean, std, n] = usable ? [usable.mean, usable.std, usable.n] : [pull_mean, pull_std, n_pulls ?? 0];
  if (mean !== null && std !== null) return [`${sampleLine("pulls", mean, std, n)}${withoutPull(report)}`];
  return n_pulls === undefined ? [] : [`pulls  NONE${withoutPull(report)}`];
}

/** Returns the mark of pulls that some converged toys lack: the others are no fair sample of the fits. */
function withoutPull({ n_pulls, n_converged, pull_mean, pull_std, fits, usable_pulls: usable }: MergeReport): string {
  const n_zero = n_pulls === undefined ? 0 : n_converged - n_pulls;
  const { n_on_bound = 0, n_tiny = 0, n = n_pulls } = usable ?? {};
  const n_without = n_zero + n_on_bound + n_tiny;
  if (n_without === 0) return "";
  const head = n === 0 ? ":" : "  NOT OF ALL:";
  const whose = `${head} ${n_without} of ${n_converged} converged toys have no`;
  if (!usable) return `${whose} pull, their sigma is 0 or no number`;
  const why = [
    ...(n_on_bound > 0 ? [`${n_on_bound} lie on a bound of ${fits?.poi ?? "the POI"}`] : []),
    ...(n_tiny > 0 ? [`${n_tiny} have one below 1/${TINY_SIGMA} of the median`] : []),
    ...(n_zero > 0 ? [`of ${n_zero} it is 0 or no number`] : []),
  ];
  return `${whose} usable sigma (${why.join(", ")}); with all, as nextstat: mean ${six(pull_mean)}, std ${
    six(pull_std)
  }`;
}

/** Returns `3 waves: at most 4 shards at a time`. */
export function wavesText({ waves, most_at_once }: Pick<RunTimes, "waves" | "most_at_once">): string {
  const at_once = most_at_once ? `: at most ${plural(most_at_once, "shard")} at a time` : "";
  return waves === null ? "" : `${plural(waves, "wave")}${at_once}`;
}

/** CPU time below which a duration is shown as 0.0 s. */
const LEAST_CPU_S = 0.05;

/** Returns longest shard and makespan with their names, and the waves (docs/promises.md, "Two times"). */
export function describeTimes(times: RunTimes): string {
  const makespan = times.makespan_s === null
    ? times.stretches.length > 1 ? interrupted(times) : "unknown"
    : uncertainSeconds(times.makespan_s, times.makespan_spread_s);
  const longest = times.max_shard_elapsed_s === null ? "unknown" : measuredSeconds(times.max_shard_elapsed_s);
  const waves = times.waves === null ? "" : ` (${wavesText(times)})`;
  const lines = [
    `makespan_s ${makespan}${rateText({ ...times, since_pause: false })}`,
    `max_shard_elapsed_s ${longest}${waves}`,
  ];
  if (times.turnaround_s !== null) lines.push(`turnaround_s ${measuredSeconds(times.turnaround_s)}`);
  if (times.wasted_cpu_s >= LEAST_CPU_S) lines.push(`CPU lost in failed attempts: ${duration(times.wasted_cpu_s)}`);
  return lines.join("\n");
}

/** Returns why an interrupted run has no makespan: `n/a: the run was interrupted (2 sessions: 2.5 s + 0.3 s)`. */
function interrupted({ stretches }: RunTimes): string {
  const sessions = stretches.map(({ makespan_s }) => duration(makespan_s)).join(" + ");
  return `n/a: the run was interrupted (${stretches.length} sessions: ${sessions})`;
}

const six = (value: number | null) => value === null ? "unknown" : value.toPrecision(6);
