import assert from "node:assert/strict";
import fc from "fast-check";
import { type Crossing, crossing, type CurvePoint } from "../../../core/limit/crossing.ts";
import { moreToys } from "../../../core/limit/more_toys.ts";
import { clsError } from "../../../core/workload/hypotest_sum.ts";

const found = (points: readonly CurvePoint[], cl = 0.95): Crossing => {
  const limit = crossing(points, cl);
  assert(typeof limit === "object", `${limit}`);
  return limit;
};

Deno.test("the limit is where ln CLs, a straight line between two points, has fallen to that of 1 - cl", () => {
  const points = [0, 1, 2, 3].map((mu) => ({ mu, cls: Math.exp(-2 * mu), error: 0 }));
  const { value, error, between } = found(points);
  assert(Math.abs(value - Math.log(20) / 2) < 1e-12);
  assert.deepEqual([error, between], [0, [1, 2]]);
});

Deno.test("points between which CLs rises are averaged, and the limit is still found", () => {
  const points = [[1, 0.2], [2, 0.06], [3, 0.08], [4, 0.02]].map(([mu = 0, cls = 0]) => ({ mu, cls, error: cls / 10 }));
  const { value, between } = found(points);
  assert.deepEqual(between, [3, 4]);
  // Both have the same relative error: the mean of ln CLs is that of 0.06 and 0.08.
  const mean = (Math.log(0.06) + Math.log(0.08)) / 2;
  assert(Math.abs(value - 3 - (Math.log(0.05) - mean) / (Math.log(0.02) - mean)) < 1e-12);
});

Deno.test("of points that are averaged the more accurate one weighs more, by the square of its relative error", () => {
  const points = [[1, 0.2, 0.02], [2, 0.06, 0.006], [3, 0.08, 0.024], [4, 0.02, 0.002]] as const;
  const { value } = found(points.map(([mu, cls, error]) => ({ mu, cls, error })));
  const mean = (Math.log(0.06) * 9 + Math.log(0.08)) / 10;
  assert(Math.abs(value - 3 - (Math.log(0.05) - mean) / (Math.log(0.02) - mean)) < 1e-12);
});

Deno.test("the error of a limit is that at the worst place within one standard deviation of it", () => {
  const { value, error, causes } = found([{ mu: 1, cls: 0.1, error: 0.01 }, { mu: 2, cls: 0.025, error: 0.0025 }]);
  assert(Math.abs(value - 1.5) < 1e-12);
  const of_point = (0.1 / Math.log(4)) ** 2;
  const at = 0.5 + Math.sqrt(of_point / 2);
  assert(Math.abs(error ** 2 - of_point * (at ** 2 + (1 - at) ** 2)) < 1e-12);
  assert(Math.abs(causes[0][1] + causes[1][1] - error ** 2) < 1e-12);
});

Deno.test("points get toys by the root of what they cause, at least a tenth and at most four times their own", () => {
  const more = (causes: [number, number], accuracy: number, left = 1e6) =>
    moreToys(
      { error: Math.sqrt(causes[0] + causes[1]), causes: [[0, causes[0]], [1, causes[1]]] },
      accuracy,
      [100, 100],
      left,
    ).map(({ n_toys }) => n_toys);
  assert.deepEqual(more([1, 1], 1), [100, 100], "half the variance needs twice the toys");
  assert.deepEqual(more([4, 1], Math.sqrt(2.5)), [140, 20]);
  assert.deepEqual(more([1, 1], 0.01), [400, 400]);
  assert.deepEqual(more([1, 1], 1.41), [10, 10]);
  assert.deepEqual(more([4, 1], Math.sqrt(2.5), 80), [70, 10]);
  assert.deepEqual(more([1, 0], 0.9), [24], "a point without an error needs none");
});

Deno.test("where all points lie on one side of 1 - cl, the direction is named", () => {
  const at = (cls: number) => [1, 2].map((mu) => ({ mu, cls, error: 0.01 }));
  assert.match(`${crossing(at(0.3), 0.95)}`, /CLs is above 0\.05 at all points: test values of mu above 2/);
  assert.match(`${crossing(at(0.01), 0.95)}`, /CLs is below 0\.05 at all points: test values of mu below 1/);
});

/** A test of the truth CLs+b = 0.5 exp(-2 mu), CLb = 0.5 by toys. */
function drawn(mu: number, n: number, random: () => number): { k: [number, number]; n: number; mu: number } {
  const count = (p: number) => {
    let k = 0;
    for (let i = 0; i < n; i++) if (random() < p) k++;
    return k;
  };
  return { mu, n, k: [count(0.5 * Math.exp(-2 * mu)), count(0.5)] };
}

const pointOf = ({ mu, n, k: [sb, b] }: ReturnType<typeof drawn>): CurvePoint => {
  const [p, q] = [(sb + 1) / (n + 1), (b + 1) / (n + 1)];
  return { mu, cls: p / q, error: clsError({ p, n }, { p: q, n }) };
};

/** A generator of numbers in [0, 1) by its seed (T. Ettinger's mulberry32). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = state + 0x6d2b79f5 | 0;
    let mixed = Math.imul(state ^ state >>> 15, 1 | state);
    mixed = mixed + Math.imul(mixed ^ mixed >>> 7, 61 | mixed) ^ mixed;
    return ((mixed ^ mixed >>> 14) >>> 0) / 2 ** 32;
  };
}

Deno.test("over 400 limits to a wanted accuracy the stated error covers the truth in 68 % ± 7 %, and none takes more toys than allowed", () => {
  const [accuracy, max_toys, first] = [0.02, 60_000, 500];
  const grid = [1, 1.25, 1.5, 1.75, 2];
  const truth = Math.log(20) / 2;
  let covered = 0;
  for (let repeat = 1; repeat <= 400; repeat++) {
    const random = generator(repeat * 7919);
    const points = grid.map((mu) => drawn(mu, first, random));
    let spent = first * grid.length;
    for (let rounds = 0;; rounds++) {
      assert(rounds < 20, "it goes on for ever");
      const limit = found(points.map(pointOf));
      const more = moreToys(limit, accuracy, points.map(({ n }) => n), max_toys - spent);
      if (more.length === 0) {
        if (Math.abs(limit.value - truth) <= limit.error) covered++;
        assert(limit.error <= accuracy || spent >= max_toys - 2);
        break;
      }
      for (const { point, n_toys } of more) {
        const [old, extra] = [points[point]!, drawn(grid[point]!, n_toys, random)];
        points[point] = { mu: old.mu, n: old.n + n_toys, k: [old.k[0] + extra.k[0], old.k[1] + extra.k[1]] };
        spent += n_toys;
      }
    }
    assert(spent <= max_toys);
  }
  assert(Math.abs(covered / 400 - 0.683) <= 0.07, `${covered} of 400`);
});

Deno.test("points that do not enclose the limit get no toys, and never more than are left", () => {
  fc.assert(fc.property(
    fc.double({ min: 1e-6, max: 1, noNaN: true }),
    fc.double({ min: 1e-6, max: 1, noNaN: true }),
    fc.double({ min: 1e-3, max: 1, noNaN: true }),
    fc.nat(1_000_000),
    (a, b, accuracy, left) => {
      const more = moreToys(
        { error: Math.sqrt(a + b), causes: [[3, a], [4, b]] },
        accuracy,
        [100, 100, 100, 100, 100],
        left,
      );
      assert(more.every(({ point }) => point === 3 || point === 4));
      assert(more.reduce((sum, { n_toys }) => sum + n_toys, 0) <= left);
      if (Math.sqrt(a + b) <= accuracy) assert.deepEqual(more, []);
    },
  ));
});
