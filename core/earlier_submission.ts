/**
 * Returns whether the submission of an attempt was made before ours; null where it is not on record, as that of a worker
 * loop that somebody typed. Before one that is not on record itself none was made.
 * @param tokens of a run's submissions, in the order in which they were made
 */
export function isOfEarlier(tokens: readonly string[], its: string | null, ours: string | null): boolean | null {
  const our_place = tokens.indexOf(ours ?? "");
  if (our_place < 0) return false;
  const its_place = tokens.indexOf(its ?? "");
  return its_place < 0 ? null : its_place < our_place;
}
