/**
 * Returns whether an attempt's submission was made before ours; null where it is not recorded, as for a worker loop
 * that a user started. Nothing precedes a submission of ours that is not recorded.
 * @param tokens of the run's submissions, in order
 */
export function isOfEarlier(tokens: readonly string[], its: string | null, ours: string | null): boolean | null {
  const our_place = tokens.indexOf(ours ?? "");
  if (our_place < 0) return false;
  const its_place = tokens.indexOf(its ?? "");
  return its_place < 0 ? null : its_place < our_place;
}
