import { MISSED_NLL } from "./tally.ts";

/**
 * Chooses the starts that together lower most trial toys: one after the other the one that most toys' best fit gains
 * from, as a greedy cover; of equals the one with the smaller sum of NLL, then the earlier. Once no toy gains any more,
 * all are to be found once more: what two starts reach in trial toys is reached in more of the others.
 * @param nlls one array for each candidate, with the NLL of each trial toy; NaN: failed
 * @returns indices of at most k candidates; fewer only where there are fewer
 */
export function chooseStarts(nlls: readonly Float64Array[], k: number): number[] {
  const lowest = lowestNlls(nlls);
  const missed = new Set(lowest.keys());
  const chosen: number[] = [];
  const left = new Set(nlls.keys());
  while (chosen.length < k && left.size > 0) {
    const gain = (i: number) => gainOf(nlls[i] ?? new Float64Array(), lowest, missed);
    if (![...left].some((i) => gain(i).n_toys > 0)) { for (const toy of lowest.keys()) missed.add(toy); }
    const next = best([...left], gain);
    chosen.push(next);
    left.delete(next);
    for (const toy of [...missed]) if (reaches(nlls[next]?.[toy], lowest[toy])) missed.delete(toy);
  }
  return chosen;
}

interface Gain {
  n_toys: number;
  sum_nll: number;
}

/** Counts the toys that a candidate would find, and the sum of its NLL over all. */
function gainOf(nll: Float64Array, lowest: Float64Array, missed: ReadonlySet<number>): Gain {
  let n_toys = 0;
  for (const toy of missed) if (reaches(nll[toy], lowest[toy])) n_toys++;
  return { n_toys, sum_nll: nll.reduce((sum, one) => sum + (Number.isNaN(one) ? 1e6 : one), 0) };
}

function best(candidates: readonly number[], of: (candidate: number) => Gain): number {
  const gains = candidates.map((index) => ({ index, ...of(index) }));
  gains.sort((a, b) => b.n_toys - a.n_toys || a.sum_nll - b.sum_nll || a.index - b.index);
  return gains[0]?.index ?? 0;
}

const reaches = (nll = NaN, lowest = NaN): boolean => nll - lowest < MISSED_NLL;

/** Returns the lowest NLL of each toy; Infinity where all its fits failed. */
export const lowestNlls = (nlls: readonly Float64Array[]): Float64Array =>
  Float64Array.from({ length: nlls[0]?.length ?? 0 }, (_, toy) => leastOf(nlls, toy));

/** Returns how many of the starts find the lowest NLL of each toy. */
export const findersOf = (nlls: readonly Float64Array[], lowest: Float64Array): number[] =>
  Array.from(lowest, (least, toy) => nlls.filter((nll) => reaches(nll[toy], least)).length);

const leastOf = (nlls: readonly Float64Array[], toy: number): number =>
  nlls.reduce((least, nll) => Math.min(least, Number.isNaN(nll[toy]) ? Infinity : nll[toy] ?? Infinity), Infinity);
