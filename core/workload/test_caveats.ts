import { rounded } from "../format.ts";
import type { FailedToys, FixedAuxiliary, Ties } from "../schema/hypotest.ts";

/** The two hypotheses, as nextstat names them. */
export const HYPOTHESES = ["sb", "b"] as const;
export type Hypothesis = typeof HYPOTHESES[number];

const WORDS: Record<Hypothesis, string> = { sb: "s+b", b: "b-only" };

/** Returns how many toys of each hypothesis converged, for those of which some did not; none where all did. */
export const failedToysWords = (failed: FailedToys): string[] =>
  HYPOTHESES.flatMap((one) => {
    const [n_error, n_not, n_toys] = [failed.n_error[one], failed.n_nonconverged[one], failed.n_toys[one]];
    if (n_error + n_not === 0) return [];
    const how = [...(n_not > 0 ? [`${n_not} did not`] : []), ...(n_error > 0 ? [`${n_error} gave no result`] : [])];
    return [`${n_toys - n_error - n_not} of ${n_toys} ${WORDS[one]} toys converged, ${how.join(", ")}`];
  });

export const hasFailedToys = ({ n_error, n_nonconverged }: Pick<FailedToys, "n_error" | "n_nonconverged">): boolean =>
  HYPOTHESES.some((one) => n_error[one] + n_nonconverged[one] > 0);

/** Names of parameters that are listed; more are only counted. */
const MOST_NAMES = 4;

/**
 * Returns the sentence about toys that vary the main data alone: hypotest-toys of nextstat 0.10.1 keeps the auxiliary
 * data, pyhf and the LHC procedure draw them. The factor is measured on a workspace of two bins: CLs 0.099 and 0.056.
 */
export function auxiliaryText({ parameters }: FixedAuxiliary): string {
  const names = parameters ?? [];
  const shown = names.slice(0, MOST_NAMES).join(", ") + (names.length > MOST_NAMES ? ", …" : "");
  const whose = names.length === 0
    ? "any constrained parameters"
    : `${names.length} constrained parameter${names.length === 1 ? "" : "s"} (${shown})`;
  return `the auxiliary data of ${whose} stay as observed in every toy, but are drawn by pyhf and by LHC-limits: CLs can differ by a factor of 2`;
}

/** Least probability of the observed counts that is printed. */
export const LEAST_TIE = 0.001;

/**
 * Returns the range of CLs where each p-value may lie by the probability of the observed counts on either side: a toy
 * with just these counts has the observed test statistic but for rounding, which decides whether it counts.
 */
export function tieRange(clsb: number, clb: number, ties: Pick<Ties, "sb" | "b">): [number, number] {
  const ratio = (over: number, under: number) => under <= 0 ? 1 : Math.min(1, over / under);
  return [
    ratio(Math.max(0, clsb - ties.sb), Math.min(1, clb + ties.b)),
    ratio(Math.min(1, clsb + ties.sb), Math.max(0, clb - ties.b)),
  ];
}

const AT: Record<Ties["at"], string> = {
  conditional_fit: "at the fit of each to the data",
  nominal: "at nominal values of the other parameters",
};

/** Returns the sentence about toys that have the observed counts. */
export const tieText = ({ sb, b, at, cls_range: [least, most] }: Ties): string =>
  `the observed counts have probability ${rounded(sb, 2)} in s+b and ${rounded(b, 2)} in b-only toys (${
    AT[at]
  }), and rounding decides on which side such a toy falls: CLs+b and CLb may move by as much, CLs from ${
    rounded(least, 4)
  } to ${rounded(most, 4)}`;
