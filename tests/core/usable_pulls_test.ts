import assert from "node:assert/strict";
import fc from "fast-check";
import type { Bounds } from "../../core/schema/fit_quality.ts";
import { usablePulls } from "../../core/usable_pulls.ts";

interface Fit {
  hat: number;
  sigma: number;
}

/** Returns the pulls of these fits of toys generated at 1. */
function usable(fits: readonly Fit[], bounds: Bounds | null) {
  const poi_hat = Float64Array.from(fits, ({ hat }) => hat);
  const pulls = Float64Array.from(fits, ({ hat, sigma }) => sigma > 0 ? (hat - 1) / sigma : NaN);
  const { values, ...counts } = usablePulls({ poi_hat, pulls }, { poi_true: 1, bounds });
  return { values, ...counts, pulls };
}

const HONEST: Fit[] = [0.7, 0.9, 1, 1.1, 1.3].map((hat) => ({ hat, sigma: 0.2 }));
/** As nextstat 0.10.1 prints a fit that ended on the bound: floating_b.json, generated at 1, seed 11. */
const STOPPED: Fit = { hat: 0, sigma: 0.00177 };
const NONE: Fit = { hat: 0.5, sigma: 0 };

Deno.test("a toy on a bound has no usable sigma, whatever is printed, and one without a sigma is not counted twice", () => {
  const { values, n_on_bound, n_tiny } = usable([...HONEST, STOPPED, NONE, { hat: 5, sigma: 0.2 }], [0, 5]);
  assert.deepEqual([n_on_bound, n_tiny], [2, 0]);
  assert.deepEqual([...values].map(Number.isNaN), [...HONEST.map(() => false), true, true, true]);
});

Deno.test("where the bounds are unknown, a sigma far below the others is found", () => {
  const { values, n_on_bound, n_tiny } = usable([...HONEST, STOPPED], null);
  assert.deepEqual([n_on_bound, n_tiny, values.findIndex(Number.isNaN)], [0, 1, HONEST.length]);
});

Deno.test("pulls of ordinary fits stay the same array, whatever their sigmas within a factor of 50 of each other", () => {
  const fit = fc.record({
    hat: fc.double({ min: 0.01, max: 4.99, noNaN: true }),
    sigma: fc.double({ min: 0.1, max: 4.9, noNaN: true }),
  });
  fc.assert(fc.property(fc.array(fit, { maxLength: 30 }), (fits) => {
    const poi_hat = Float64Array.from(fits, ({ hat }) => hat);
    const pulls = Float64Array.from(fits, ({ hat, sigma }) => (hat - 1) / sigma);
    const found = usablePulls({ poi_hat, pulls }, { poi_true: 1, bounds: [0, 5] });
    assert.deepEqual([found.values === pulls, found.n_on_bound, found.n_tiny], [true, 0, 0]);
  }));
});

Deno.test("without one generated value only bounds count, and no toys are no fault", () => {
  const [poi_hat, pulls] = [Float64Array.of(0, 1.1), Float64Array.of(-500, 0.5)];
  const found = usablePulls({ poi_hat, pulls }, { poi_true: null, bounds: [0, 5] });
  assert.deepEqual([[...found.values], found.n_on_bound, found.n_tiny], [[NaN, 0.5], 1, 0]);
  const none = new Float64Array(0);
  assert.equal(usablePulls({ poi_hat: none, pulls: none }, { poi_true: 1, bounds: null }).values.length, 0);
});
