import type { MergedStarts, OutputStarts, RunStarts, StartTally } from "../schema/starts.ts";

/** Largest difference in NLL of two fits that count as equal when one is kept: that of the first start is. */
const TIE_NLL = 1e-6;

/** Difference in NLL from which on a fit has missed the minimum: fits that end in one minimum agree more closely. */
export const MISSED_NLL = 1e-3;

/** What fits of the same toys from several starts show: the start of each toy's lowest fit, and what each start missed. */
interface Tally extends Pick<OutputStarts, "k" | "n_found_by_one"> {
  starts: StartTally[];
  of_toys: number[];
}

/** Compares fits toy by toy. @param nlls one array for each start, with the NLL of each toy; NaN: the fit failed */
export function tallyStarts(nlls: readonly Float64Array[]): Tally {
  const starts = nlls.map((_, index) => ({ index, n_lowest_alone: 0, n_missed: 0, worst_missed_nll: 0 }));
  const n_toys = nlls[0]?.length ?? 0;
  const of_toys = Array.from({ length: n_toys }, (_, toy) => lowestOf(nlls, toy));
  let n_found_by_one = 0;
  for (const [toy, chosen] of of_toys.entries()) {
    const least = nlls[chosen]?.[toy] ?? NaN;
    if (Number.isNaN(least)) continue;
    const missed = starts.filter(({ index }) => !((nlls[index]?.[toy] ?? NaN) - least < MISSED_NLL));
    for (const one of missed) {
      one.n_missed++;
      // A failed fit has no difference.
      one.worst_missed_nll = Math.max(one.worst_missed_nll, ((nlls[one.index]?.[toy] ?? NaN) - least) || 0);
    }
    const alone = missed.length === starts.length - 1 ? starts[chosen] : undefined;
    if (!alone) continue;
    alone.n_lowest_alone++;
    n_found_by_one++;
  }
  return { k: nlls.length, starts, n_found_by_one, of_toys };
}

/** Returns the first start whose NLL of a toy is the lowest of all, ties apart; 0 where all fits failed. */
function lowestOf(nlls: readonly Float64Array[], toy: number): number {
  let least = Infinity;
  for (const nll of nlls) if (Number.isFinite(nll[toy])) least = Math.min(least, nll[toy] ?? Infinity);
  return Math.max(0, nlls.findIndex((nll) => (nll[toy] ?? NaN) <= least + TIE_NLL));
}

/** Tallies of parts of a set, without the starts of single toys. */
export interface PartStarts extends Pick<OutputStarts, "k" | "n_found_by_one" | "starts"> {
  n_toys: number;
}

/** Returns the upper limit (95 %) of a probability of which k of n trials came true. */
export type LimitOfShare = (k: number, n: number) => number;

/** What a bound needs of the starts of a run. */
type MadeStarts = Pick<RunStarts, "list" | "table">;

type TrialRow = NonNullable<MadeStarts["table"]>[number];

/** How a tally is judged. */
interface MissedRules {
  upperLimit: LimitOfShare;
  /** Share of missed minima above which results are marked. */
  max_missed: number;
}

/**
 * Adds up what the parts of a set show.
 * @param made null: the set is of no run, or of several
 * @returns null where a part has none, or another number of starts
 */
export function addStarts(
  parts: readonly (PartStarts | null)[],
  made: MadeStarts | null,
  { upperLimit, max_missed }: MissedRules,
): MergedStarts | null {
  const [first] = parts;
  if (!first || parts.some((part) => part?.k !== first.k)) return null;
  const known = parts.filter((part) => part !== null);
  const sum = (of: (part: PartStarts) => number) => known.reduce((total, part) => total + of(part), 0);
  const [n_toys, n_found_by_one] = [sum((part) => part.n_toys), sum((part) => part.n_found_by_one)];
  const trial = made?.table?.find(({ k }) => k === first.k);
  return {
    k: first.k,
    n_toys,
    starts: first.starts.map(({ index }, i) => ({
      index,
      data_file: made?.list[i]?.data_file ?? null,
      sha256: made?.list[i]?.sha256 ?? null,
      n_lowest_alone: sum(({ starts }) => starts[i]?.n_lowest_alone ?? 0),
      n_missed: sum(({ starts }) => starts[i]?.n_missed ?? 0),
      worst_missed_nll: Math.max(...known.map(({ starts }) => starts[i]?.worst_missed_nll ?? 0)),
    })),
    n_found_by_one,
    ...(trial ? { n_trial_toys: trial.n_toys, n_trial_missed: trial.n_missed } : {}),
    missed_bound: Math.max(upperLimit(n_found_by_one, n_toys), trialLimit(trial, upperLimit)),
    missed_estimate: n_toys === 0 ? 0 : n_found_by_one / first.k / n_toys,
    max_missed,
  };
}

/**
/**
 * Returns the upper limit by trial toys that chose no start: those in which other data sets went lower, and those whose
 * minimum one of all data sets found alone; 0 where there are none. As many further starts find at most about as many new
 * minima as were found once (Good and Toulmin). The run's own toys cannot tell: starts that lie side by side find the same
 * minima together.
 */
function trialLimit(trial: TrialRow | undefined, upperLimit: LimitOfShare): number {
  const n_unsure = trial?.n_unsure ?? trial?.n_missed ?? 0;
  return trial && n_unsure > 0 ? upperLimit(n_unsure, trial.n_toys) : 0;
}
