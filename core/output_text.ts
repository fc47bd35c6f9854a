/** The arrays of nextstat's output that hold one entry a toy, in the order in which nextstat writes them. */
export const TOY_ARRAYS = ["converged", "nll", "poi_hat", "poi_sigma"] as const;
export type ToyArray = typeof TOY_ARRAYS[number];

/** Where a text begins and ends (exclusive) in a larger one. */
export type TextSpan = readonly [from: number, to: number];

/** What stands between two entries, before the first and after the last: nextstat's layout of a pretty document. */
export const ENTRY_BREAK = ",\n      ";
const FIRST_BREAK = "\n      ";
const LAST_BREAK = "\n    ";

/** An output's text in pieces: `head + tail` is the document, but for its arrays. */
export interface CutOutput {
  /** All before `"results"`: the same in most shards of a run. */
  head: string;
  /** From `"results"` to the end, with `[0]` to `[3]` in place of the four arrays. */
  tail: string;
  /** Where each array lies, with its brackets. */
  arrays: Record<ToyArray, TextSpan>;
}

/**
 * Cuts an output's text where nextstat starts and ends its arrays, so that their entries can be copied into a merge as
 * they are. Undefined where the text is laid out otherwise; whoever takes the cut must find `[0]` to `[3]` in the
 * parsed tail where the arrays belong, since the text alone does not prove it.
 */
export function cutOutput(text: string): CutOutput | undefined {
  const results = text.indexOf('"results": {');
  if (results < 0) return undefined;
  const arrays: Record<ToyArray, TextSpan> = { converged: [0, 0], nll: [0, 0], poi_hat: [0, 0], poi_sigma: [0, 0] };
  let tail = "";
  let from = results;
  for (const [i, name] of TOY_ARRAYS.entries()) {
    const key = `"${name}": [`;
    const found = text.indexOf(key, from);
    if (found < 0) return undefined;
    const open = found + key.length;
    const close = text.indexOf("]", open);
    if (close < 0) return undefined;
    arrays[name] = [open - 1, close + 1];
    tail += text.slice(from, open) + i;
    from = close;
  }
  return { head: text.slice(0, results), tail: tail + text.slice(from), arrays };
}

/** The entries inside an array, without the space around them; undefined where it is not laid out as nextstat does it. */
export function entriesOf(text: string, [from, to]: TextSpan): TextSpan | undefined {
  if (!text.startsWith(FIRST_BREAK, from + 1) || !text.startsWith(LAST_BREAK, to - 1 - LAST_BREAK.length)) {
    return undefined;
  }
  return [from + 1 + FIRST_BREAK.length, to - 1 - LAST_BREAK.length];
}
