import { fitFindings, type FittedToys, toysOnBounds } from "./fit_findings.ts";
import { rounded, withError } from "./format.ts";
import { startsMark } from "./starts/words.ts";
import { WAY_OUT } from "./trial_fit.ts";
import type { FitFinding, FitQuality, FitWarning } from "./schema/fit_quality.ts";

const NONE: readonly FitWarning[] = [];

/**
 * Counts nextstat's warnings and errors in one shard's stderr: time, level and text as nextstat 0.10.1 logs them, with
 * colour codes as our records (`\u001b`) or those of the sh wrapper (`?`) keep them.
 */
export function countWarnings(lines: readonly string[]): readonly FitWarning[] {
  if (lines.length === 0) return NONE;
  const found = new Map<string, number>();
  for (const line of lines) {
    // deno-lint-ignore no-control-regex
    const plain = line.replaceAll(/(?:\x1b|\\u001b|\?)\[[0-9;]*m/g, "");
    const text = /^\d{4}-\d\d-\d\dT\S+Z?\s+(?:WARN|ERROR)\s+(.+)$/.exec(plain)?.[1]?.trim();
    if (text !== undefined) found.set(text, (found.get(text) ?? 0) + 1);
  }
  return found.size === 0 ? NONE : [...found].map(([text, n_lines]) => ({ text, n_shards: 1, n_lines }));
}

/** Adds up the warnings of several shards or sets; the most frequent first. */
export function addWarnings(parts: Iterable<readonly FitWarning[]>): FitWarning[] {
  const found = new Map<string, FitWarning>();
  for (const warnings of parts) {
    for (const { text, n_shards, n_lines } of warnings) {
      const one = found.get(text) ?? { text, n_shards: 0, n_lines: 0 };
      found.set(text, { text, n_shards: one.n_shards + n_shards, n_lines: one.n_lines + n_lines });
    }
  }
  return [...found.values()].sort((a, b) => b.n_shards - a.n_shards || (a.text < b.text ? -1 : 1));
}

export const poiName = ({ parameter_names, poi_index }: { parameter_names: readonly string[]; poi_index: number }) =>
  parameter_names[poi_index] ?? "POI";

export function fitQuality(
  poi: string,
  toys: FittedToys,
  parts: readonly { n_shards: number; warnings: readonly FitWarning[] }[],
  { reasons = [], ...starts }: Pick<FitQuality, "starts" | "starts_check" | "reasons"> = {},
): FitQuality {
  const on = toysOnBounds(toys);
  const findings = fitFindings(toys, on);
  const isReasoned = reasons.length > 0 && findings.some(({ kind }) => STUCK.has(kind));
  return {
    poi,
    poi_true: toys.poi_true,
    poi_bounds: toys.bounds,
    ...on,
    findings,
    warnings: addWarnings(parts.map(({ warnings }) => warnings)),
    n_shards: parts.reduce((sum, { n_shards }) => sum + n_shards, 0),
    ...starts,
    ...(isReasoned ? { reasons } : {}),
  };
}

/** Returns warnings about the fits to read before the numbers are used; empty if nothing speaks against them. */
export function fitWarnings(fits: FitQuality): string[] {
  const found = fits.findings.map((one) => findingWords(one, fits));
  const is_stuck = fits.findings.some(({ kind }) => STUCK.has(kind));
  const mark = startsMark(fits);
  return [
    ...found,
    ...(is_stuck ? [stuckWords(fits)] : []),
    ...(mark === null ? [] : [mark]),
    ...fits.warnings.map((one) => warningWords(one, fits)),
  ];
}

/** Findings about fits that stay on a bound or on one value. */
export const STUCK: ReadonlySet<FitFinding["kind"]> = new Set(["lower_bound", "upper_bound", "all_equal"]);

const MEANING =
  "fits that get stuck on a bound did not fit: neither these numbers nor the times are those of real fits";

function stuckWords({ reasons = [], starts }: FitQuality): string {
  if (starts) {
    return `${MEANING}, from any of ${starts.k} starts. More starts, wider bounds or other yields may free them`;
  }
  const why = reasons.length > 0
    ? `The reason: toy fits start from that of the observed data; ${reasons.join("; ")}`
    : "See what nextstat unbinned-fit makes of the observed data, from which toy fits start";
  return `${MEANING}. ${why}. ${WAY_OUT}`;
}

function findingWords({ kind, value, n, expected, error }: FitFinding, { poi, poi_true, n_toys }: FitQuality): string {
  const generated = poi_true === null ? "" : `generated at ${poi} = ${rounded(poi_true, 5)}`;
  const toys = n === n_toys ? `all ${n} toys` : `${n} of ${n_toys} toys`;
  switch (kind) {
    case "lower_bound":
    case "upper_bound":
      return `${toys} are on the ${kind === "lower_bound" ? "lower" : "upper"} bound of ${poi} (${
        rounded(value, 5)
      }), ${generated}: ${expectedWords(expected ?? 0, value === poi_true)}`;
    case "all_equal":
      return `${toys} have the same ${poi}, ${rounded(value, 5)}${generated && `, ${generated}`}`;
    default:
      return `the ${kind} of ${poi} is ${withError(value, error ?? 0)}, ${farWords(value, poi_true ?? NaN, error)}`;
  }
}

/** @param isTruth whether the toys were generated on the bound (the sources: core/fit_findings.ts) */
function expectedWords(expected: number, isTruth: boolean): string {
  if (expected < 0.5) return "none is expected there";
  const source = isTruth ? "half of those generated on it" : "by the scatter of the toys on the other side";
  return `at most about ${Math.round(expected)} are expected there, ${source}`;
}

function farWords(value: number, poi_true: number, error: number | null): string {
  const sigmas = Math.abs(value - poi_true) / (error ?? NaN);
  return `${Math.round(sigmas)} sigma ${value < poi_true ? "below" : "above"} the generated ${rounded(poi_true, 5)}`;
}

function warningWords({ text, n_shards, n_lines }: FitWarning, fits: FitQuality): string {
  const lines = n_lines > n_shards ? `, ${n_lines} times` : "";
  return `nextstat warned in ${n_shards} of ${fits.n_shards} shards${lines}: ${text}`;
}
