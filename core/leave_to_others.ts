/** A slot beside the one that asks: how fast it was so far, and when it is free. */
export interface OtherSlot {
  ms_per_toy: number;
  free_in_ms: number;
}

/** Measured times scatter: the others must need less than this part of the time. */
const MARGIN = 0.9;

/**
 * Whether a slow slot leaves the next shard to the others: near the end it would be the last to finish, after they had
 * done all that is left. They are taken to begin each shard, in order, where it ends first (list scheduling by earliest
 * completion: Ibarra and Kim 1977).
 * @param ms_per_toy of the slot that asks
 * @param toys of each shard that is left; the first is the one that it would take
 */
export function shouldYield(ms_per_toy: number, toys: readonly number[], others: readonly OtherSlot[]): boolean {
  const most_ms = MARGIN * ms_per_toy * (toys[0] ?? 0);
  const useful = others.filter((slot) => slot.free_in_ms + slot.ms_per_toy * (toys[0] ?? 0) < most_ms);
  const toys_per_ms = useful.reduce((sum, slot) => sum + 1 / slot.ms_per_toy, 0);
  if (toys.reduce((sum, n) => sum + n, 0) >= toys_per_ms * most_ms) return false;
  return finishBefore(most_ms, toys, useful);
}

function finishBefore(most_ms: number, toys: readonly number[], slots: readonly OtherSlot[]): boolean {
  const free = slots.map((slot) => ({ ...slot }));
  return toys.every((n) => {
    const endOf = (slot: OtherSlot) => slot.free_in_ms + n * slot.ms_per_toy;
    const first = free.reduce((best, slot) => endOf(slot) < endOf(best) ? slot : best, free[0] ?? NO_SLOT);
    first.free_in_ms = endOf(first);
    return first.free_in_ms < most_ms;
  });
}

const NO_SLOT: OtherSlot = { ms_per_toy: Infinity, free_in_ms: Infinity };
