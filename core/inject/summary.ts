import { plural, rounded, textTable, withError } from "../format.ts";
import {
  type Estimate,
  type Inject,
  INJECT_SUMMARY_SCHEMA,
  type InjectPoint,
  type InjectSummary,
  type PointVerdict,
  type ToyRate,
} from "../schema/inject.ts";
import type { Rules } from "./judge.ts";

/** Returns the summary of a study. @param poi name of the POI; null: no point has a result */
export function summariseInject(
  { inject_id, workload, scheduler, config, parameter }: Inject,
  points: readonly InjectPoint[],
  poi: string | null,
  { thresholds, coverage_range }: Rules,
): InjectSummary {
  return {
    schema_version: INJECT_SUMMARY_SCHEMA,
    ...{ inject_id, workload, scheduler, config, parameter, poi, thresholds, coverage_range },
    points: [...points],
    verdict: WORST_FIRST.find((verdict) => points.some((point) => point.verdict === verdict)) ?? "unfinished",
    n_toys: points.reduce((sum, { n_toys }) => sum + (n_toys ?? 0), 0),
  };
}

const WORST_FIRST: readonly PointVerdict[] = ["flagged", "unfinished", "undecided", "acceptable", "not_judged"];

/** Verdicts as a person reads them. */
export const VERDICT_WORDS: Record<PointVerdict, string> = {
  flagged: "FLAGGED",
  acceptable: "acceptable",
  undecided: "undecided",
  not_judged: "not judged",
  unfinished: "no result",
};

/** Returns the verdict on a point, with its mark. */
export const pointVerdict = ({ verdict, mark }: InjectPoint): string =>
  `${VERDICT_WORDS[verdict]}${mark === undefined ? "" : ", MARKED"}`;

/** Returns the verdict in a sentence, with the points whose fits may miss the minimum. */
export function verdictSentence(summary: InjectSummary): string {
  const marked = summary.points.filter(({ mark }) => mark !== undefined).map(({ value }) => value);
  const mark = marked.length === 0
    ? ""
    : `; MARKED at ${summary.parameter} = ${marked.join(", ")}: the fits may miss the minimum there`;
  return `${plainVerdict(summary)}${mark}`;
}

function plainVerdict({ points, verdict, parameter, thresholds }: InjectSummary): string {
  const at = (wanted: PointVerdict) => atValues(parameter, points, wanted);
  const { max_bias, width_tolerance } = thresholds;
  const limits = `|mean pull| at most ${max_bias}, width 1 ± ${width_tolerance}`;
  switch (verdict) {
    case "flagged":
      return `the fits are FLAGGED at ${at("flagged")}`;
    case "unfinished":
      return `no verdict yet: no merged result at ${at("unfinished")}`;
    case "undecided":
      return `nothing is flagged, but there are not enough toys at ${at("undecided")} to show ${limits}`;
    case "acceptable":
      return `the fits are acceptable at ${at("acceptable")}: ${limits}`;
    default:
      return "no point is judged: each lies near a bound of the POI";
  }
}

function atValues(parameter: string, points: readonly InjectPoint[], wanted: PointVerdict): string {
  return `${parameter} = ${points.flatMap(({ verdict, value }) => verdict === wanted ? [value] : []).join(", ")}`;
}

export function enoughWords({ points, parameter }: InjectSummary): string {
  const open = points.filter(({ verdict }) => verdict === "undecided");
  if (points.some(({ verdict }) => verdict === "unfinished")) {
    return "Enough toys? Unknown until all points have a result.";
  }
  if (open.length === 0) {
    const isSure = points.every(({ mark }) => mark === undefined);
    return `Enough toys? Yes: more would change no verdict${isSure ? "." : ", but lower minima may."}`;
  }
  const each = open.map(({ value, more_toys }) =>
    `${more_toys === null ? "none has a pull" : `about ${more_toys} more`} at ${parameter} = ${value}`
  );
  return `Enough toys? No: ${each.join(", ")}. To look again and again raises the rate of false alarms.`;
}

/** Returns what a study is judged by, in a sentence. */
export function rulesWords({ thresholds, points }: InjectSummary): string {
  const { max_bias, width_tolerance, max_failed, false_alarm } = thresholds;
  return `Thresholds: |mean pull| ${max_bias}, width 1 ± ${width_tolerance}, failed fits ${
    percentOf(max_failed)
  } %. Fits within them are flagged with a probability of at most ${percentOf(false_alarm)} %, over all ${
    plural(points.length, "point")
  }.`;
}

export const reasonLines = ({ points, parameter }: Pick<InjectSummary, "points" | "parameter">): string[] =>
  points.flatMap(({ value, why, mark }) =>
    [...why, ...(mark === undefined ? [] : [`MARKED: ${mark}`])].map((words) => `${parameter} = ${value}: ${words}`)
  );

/** Returns how many fits lack a usable sigma, for each point that has such fits. */
export const withoutSigmaLines = ({ points, parameter }: Pick<InjectSummary, "points" | "parameter">): string[] =>
  points.flatMap(({ value, n_without_sigma: n, n_toys }) =>
    n ? [`${parameter} = ${value}: ${n} of ${n_toys} toys converged without a usable sigma and have no pull`] : []
  );

/** Returns the answer of inject summarize: the verdict, and a line for each point. */
export function injectText(summary: InjectSummary): string {
  const { points, parameter } = summary;
  const head = ["toys", "failed %", "bias", "mean pull", "width", "1 sigma %", "2 sigma %", "verdict"];
  const rows = points.map((point) => [
    ...[`${point.value}`, point.n_toys === null ? "" : `${point.n_toys}`, ratePercent(point.failed)],
    ...[estimateText(point.bias), estimateText(point.pull_mean), estimateText(point.pull_width)],
    ...[ratePercent(point.coverage?.sigma_1 ?? null), ratePercent(point.coverage?.sigma_2 ?? null)],
    pointVerdict(point),
  ]);
  return [
    `${summary.inject_id}: ${verdictSentence(summary)}`,
    enoughWords(summary),
    ...[...reasonLines(summary), ...withoutSigmaLines(summary)].map((words) => `  ${words}`),
    "",
    ...textTable([[parameter, ...head], ...rows]),
    "",
    rulesWords(summary),
  ].join("\n");
}

/** Returns a value with its error; empty: none. */
export const estimateText = (estimate: Estimate | null): string =>
  estimate === null ? "" : withError(estimate.value, estimate.error);

const percentOf = (share: number): string => rounded(100 * share, 3);

/** Returns a rate and its interval in percent, without the unit; empty: none. */
export function ratePercent(rate: ToyRate | null): string {
  if (rate === null) return "";
  const [p, low, high] = [rate.p, ...rate.interval].map((share) => (100 * share).toFixed(1));
  return `${p} (${low}-${high})`;
}
