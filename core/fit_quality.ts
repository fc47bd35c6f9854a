import type { FitFinding, FitQuality, FitWarning } from "./contracts/fit_quality.ts";
import { fitFindings, type FittedToys, toysOnBounds } from "./fit_findings.ts";
import { rounded, withError } from "./format.ts";
import { addWarnings } from "./nextstat_warnings.ts";

/** What nextstat warned of in the fits of some shards, or of one. */
interface WarnedShards {
  n_shards: number;
  warnings: readonly FitWarning[];
}

/** Names the POI of an output. */
export const poiName = ({ parameter_names, poi_index }: { parameter_names: readonly string[]; poi_index: number }) =>
  parameter_names[poi_index] ?? "POI";

/** What a set of toys tells of its fits. */
export function fitQuality(poi: string, toys: FittedToys, parts: readonly WarnedShards[]): FitQuality {
  const on = toysOnBounds(toys);
  return {
    poi,
    poi_true: toys.poi_true,
    poi_bounds: toys.bounds,
    ...on,
    findings: fitFindings(toys, on),
    warnings: addWarnings(parts.map(({ warnings }) => warnings)),
    n_shards: parts.reduce((sum, { n_shards }) => sum + n_shards, 0),
  };
}

/** What a person should know of the fits before the numbers are used; nothing where nothing speaks against them. */
export function fitWarnings(fits: FitQuality): string[] {
  const found = fits.findings.map((one) => findingWords(one, fits));
  const is_stuck = fits.findings.some(({ kind }) => STUCK.has(kind));
  return [...found, ...(is_stuck ? [MEANING] : []), ...fits.warnings.map((one) => warningWords(one, fits))];
}

const STUCK = new Set<FitFinding["kind"]>(["lower_bound", "upper_bound", "all_equal"]);

const MEANING =
  "fits that get stuck on a bound did not fit: neither these numbers nor the times are those of real fits. See what nextstat unbinned-fit makes of the observed data, from which toy fits start, and whether those fit the yields of the spec";

function findingWords({ kind, value, n, expected, error }: FitFinding, { poi, poi_true, n_toys }: FitQuality): string {
  const generated = poi_true === null ? "" : `generated at ${poi} = ${rounded(poi_true, 5)}`;
  const toys = n === n_toys ? `all ${n} toys` : `${n} of ${n_toys} toys`;
  switch (kind) {
    case "lower_bound":
    case "upper_bound":
      return `${toys} are on the ${kind === "lower_bound" ? "lower" : "upper"} bound of ${poi} (${
        rounded(value, 5)
      }), ${generated}: ${expectedWords(expected ?? 0)}`;
    case "all_equal":
      return `${toys} have the same ${poi}, ${rounded(value, 5)}${generated && `, ${generated}`}`;
    default:
      return `the ${kind} of ${poi} is ${withError(value, error ?? 0)}, ${
        farWords(value, poi_true, error)
      }, ${generated}`;
  }
}

function expectedWords(expected: number): string {
  return expected < 0.5 ? "none is expected there" : `at most about ${Math.round(expected)} are expected there`;
}

function farWords(value: number, poi_true: number | null, error: number | null): string {
  const errors = Math.abs(value - (poi_true ?? NaN)) / (error ?? NaN);
  return `${Math.round(errors)} errors off`;
}

function warningWords({ text, n_shards, n_lines }: FitWarning, fits: FitQuality): string {
  const lines = n_lines > n_shards ? `, ${n_lines} times` : "";
  return `nextstat warned in ${n_shards} of ${fits.n_shards} shards${lines}: ${text}`;
}
