import { RequestedGuardrails } from "../schema/manifest.ts";
import * as z from "../schema/zod.ts";
import type { Moments } from "../statistics.ts";
import { float, floats, type Json, plainText } from "./json_text.ts";
import { evidence } from "../starts/words.ts";
import type { MergedStarts } from "../schema/starts.ts";
import type { ToyCounts } from "./source_facts.ts";

export const NO_GUARDRAILS: RequestedGuardrails = {
  require_all_converged: false,
  max_abs_poi_pull_mean: null,
  poi_pull_std_range: null,
};

const Judged = z.object(RequestedGuardrails.shape);

/** Returns the guardrails by which a document was judged, from its member `guardrails`. */
export const judgedGuardrails = (guardrails: { readonly [member: string]: unknown } | undefined): RequestedGuardrails =>
  Judged.safeParse({ ...NO_GUARDRAILS, ...guardrails }).data ?? NO_GUARDRAILS;

/** Returns a run's own guardrails, each replaced by the one given now, if any. */
export function replaceGuardrails(own: RequestedGuardrails, given: RequestedGuardrails): RequestedGuardrails {
  const wanted = Object.entries(given)
    .filter(([, value]) => value !== null && value !== false && value !== undefined);
  return { ...own, ...Object.fromEntries(wanted) };
}

export interface Verdict {
  passed: boolean;
  /** Failed guardrails in nextstat's own words. */
  failures: string[];
}

/**
 * Judges a whole set of toys as nextstat judges one run, and by its starts.
 * @param pull null: no toy has a pull
 * @param starts null: the toys had one start each
 */
export function judge(
  requested: RequestedGuardrails,
  counts: ToyCounts,
  pull: Moments | null,
  starts: MergedStarts | null = null,
): Verdict {
  const failures = [
    ...(requested.require_all_converged ? convergenceFailures(counts) : []),
    ...(needsPulls(requested) ? pullFailures(requested, pull) : []),
    ...missedFailures(requested, starts),
  ];
  return { passed: failures.length === 0, failures };
}

export const hasGuardrail = (requested: RequestedGuardrails): boolean =>
  requested.require_all_converged || needsPulls(requested) || requested.max_missed !== undefined;

/** Returns whether one of these guardrails concerns pulls. */
export function needsPulls(requested: RequestedGuardrails): boolean {
  return requested.max_abs_poi_pull_mean !== null || requested.poi_pull_std_range !== null;
}

function convergenceFailures(counts: ToyCounts): string[] {
  const { n_error, n_nonconverged } = counts;
  if (n_error === 0 && n_nonconverged === 0) return [];
  const [validation, computation] = [counts.n_validation_error ?? n_error, counts.n_computation_error ?? 0];
  return [
    `require_all_converged violated (n_validation_error=${validation}, n_computation_error=${computation}, n_nonconverged=${n_nonconverged})`,
  ];
}

function missedFailures({ max_missed }: RequestedGuardrails, starts: MergedStarts | null): string[] {
  if (max_missed === undefined || (starts && starts.missed_bound <= max_missed)) return [];
  if (!starts) return ["the share of missed minima is unknown: each toy was fitted from one start"];
  return [
    `up to ${starts.missed_bound.toPrecision(2)} of the toys may miss their minimum (95 %: ${evidence(starts)}) > ${
      plainText(max_missed)
    }`,
  ];
}

function pullFailures(requested: RequestedGuardrails, pull: Moments | null): string[] {
  if (!pull) return ["POI pull summary is unavailable (no converged toys with finite uncertainties)"];
  const failures: string[] = [];
  const { max_abs_poi_pull_mean: most, poi_pull_std_range: range } = requested;
  if (most !== null && Math.abs(pull.mean) > most) {
    failures.push(`abs(mean pull(POI)) too large: |${plainText(pull.mean)}| > ${plainText(most)}`);
  }
  if (range !== null && (pull.std < range[0] || pull.std > range[1])) {
    const [lo, hi] = range.map(plainText);
    failures.push(`std(pull(POI)) out of range: ${plainText(pull.std)} not in [${lo}, ${hi}]`);
  }
  return failures;
}

/** Returns a short form of nextstat's message where it is known: `|mean pull| 0.0999 > 0.0001`. */
export function failureText(failure: string): string {
  const [, mean = "", most = ""] = /^abs\(mean pull\(POI\)\) too large: \|(\S+)\| > (\S+)$/.exec(failure) ?? [];
  if (mean !== "") return `|mean pull| ${shortBeside(mean.replace(/^-/, ""), [most])} > ${most}`;
  const [, std = "", lo = "", hi = ""] = /^std\(pull\(POI\)\) out of range: (\S+) not in \[(\S+), (\S+)\]$/
    .exec(failure) ?? [];
  return std === "" ? failure : `std of pulls ${shortBeside(std, [lo, hi])} not in [${lo}, ${hi}]`;
}

/** Returns a number with three digits, or with all if three would make it equal to one of the bounds. */
function shortBeside(text: string, bounds: readonly string[]): string {
  const rounded = Number(Number(text).toPrecision(3));
  return bounds.some((bound) => Number(bound) === rounded) ? text : plainText(rounded);
}

/** Returns guardrails in words: `|mean pull| at most 0.1, std of pulls in [0.9, 1.1]`. */
export function guardrailsText(requested: RequestedGuardrails): string {
  const { require_all_converged, max_abs_poi_pull_mean: most, poi_pull_std_range: range, max_missed } = requested;
  const words = [
    ...(require_all_converged ? ["all toys converged"] : []),
    ...(most === null ? [] : [`|mean pull| at most ${plainText(most)}`]),
    ...(range === null ? [] : [`std of pulls in [${range.map(plainText).join(", ")}]`]),
    ...(max_missed === undefined ? [] : [`missed minima at most ${plainText(max_missed)}`]),
  ];
  return words.join(", ") || "nothing";
}

export function guardrailsJson(
  requested: RequestedGuardrails,
  { passed, failures }: Verdict,
  pull: Moments | null,
): Json {
  return {
    failures,
    max_abs_poi_pull_mean: float(requested.max_abs_poi_pull_mean),
    ...(requested.max_missed === undefined ? {} : { max_missed: float(requested.max_missed) }),
    passed,
    poi_pull_mean: float(pull?.mean ?? null),
    poi_pull_std: float(pull?.std ?? null),
    poi_pull_std_range: requested.poi_pull_std_range && floats(requested.poi_pull_std_range),
    require_all_converged: requested.require_all_converged,
  };
}
