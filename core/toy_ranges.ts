/** `n_toys` toys with consecutive seeds from `seed` on. Toy k of a run has the seed S + k. */
export interface SeedRange {
  /** Seed of the first toy. */
  seed: number;
  /** Number of toys. */
  n_toys: number;
}

/** Returns the number of toys of some ranges or outputs. */
export const sumToys = (parts: readonly { n_toys: number }[]): number =>
  parts.reduce((sum, { n_toys }) => sum + n_toys, 0);

/**
 * Returns the ranges sorted, with touching and overlapping ranges joined.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { joinRanges } from "nsfarm-deno";
 * assert.deepEqual(joinRanges([{ seed: 52, n_toys: 5 }, { seed: 42, n_toys: 10 }]), [{ seed: 42, n_toys: 15 }]);
 * ```
 */
export function joinRanges(ranges: readonly SeedRange[]): SeedRange[] {
  const joined: SeedRange[] = [];
  for (const { seed, n_toys } of [...ranges].sort((a, b) => a.seed - b.seed)) {
    const last = joined.at(-1);
    if (!last || last.seed + last.n_toys < seed) joined.push({ seed, n_toys });
    else last.n_toys = Math.max(last.n_toys, seed + n_toys - last.seed);
  }
  return joined;
}

/**
 * Returns the parts of `wanted` that no range of `found` covers.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { missingRanges } from "nsfarm-deno";
 * const missing = missingRanges([{ seed: 42, n_toys: 10 }], [{ seed: 42, n_toys: 3 }, { seed: 47, n_toys: 5 }]);
 * assert.deepEqual(missing, [{ seed: 45, n_toys: 2 }]);
 * ```
 */
export function missingRanges(wanted: readonly SeedRange[], found: readonly SeedRange[]): SeedRange[] {
  const held = joinRanges(found);
  return joinRanges(wanted).flatMap((range) => {
    const missing: SeedRange[] = [];
    const end = range.seed + range.n_toys;
    let next = range.seed;
    for (const { seed, n_toys } of held) {
      if (seed + n_toys <= next || seed >= end) continue;
      if (seed > next) missing.push({ seed: next, n_toys: seed - next });
      next = seed + n_toys;
    }
    return next < end ? [...missing, { seed: next, n_toys: end - next }] : missing;
  });
}

/** Toys that no output has; the first of them is toy `toy_start` of the whole set. */
export interface MissingToys extends SeedRange {
  toy_start: number;
}

/** Returns the parts of `wanted` that no range of `found` covers, with their position in the set of `wanted`. */
export function missingToys(wanted: readonly SeedRange[], found: readonly SeedRange[]): MissingToys[] {
  let before = 0;
  return joinRanges(wanted).flatMap((range) => {
    const first = before;
    before += range.n_toys;
    return missingRanges([range], found).map((part) => ({ toy_start: first + part.seed - range.seed, ...part }));
  });
}

/**
 * Returns pairs of neighbours (by seed) that contain the same toys.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { overlaps } from "nsfarm-deno";
 * const [first, second] = [{ seed: 42, n_toys: 10 }, { seed: 51, n_toys: 5 }];
 * assert.deepEqual(overlaps([second, first]), [{ earlier: first, later: second }]);
 * ```
 */
export function overlaps<T extends SeedRange>(ranges: readonly T[]): { earlier: T; later: T }[] {
  const found: { earlier: T; later: T }[] = [];
  let furthest: T | undefined;
  for (const range of [...ranges].sort((a, b) => a.seed - b.seed)) {
    if (furthest && range.seed < furthest.seed + furthest.n_toys) found.push({ earlier: furthest, later: range });
    if (!furthest || range.seed + range.n_toys > furthest.seed + furthest.n_toys) furthest = range;
  }
  return found;
}
