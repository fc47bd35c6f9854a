import assert from "node:assert/strict";
import fc from "fast-check";
import { overlaps } from "../../../core/toy_ranges.ts";
import { fitToys } from "../../../core/workload/fit_toys.ts";
import { hypotestToys } from "../../../core/workload/hypotest.ts";
import { drawnSeeds, freeSeedsOf, mostToys, refuseSeeds } from "../../../core/workload/seeds.ts";

Deno.test("a test draws each toy for two hypotheses, a fit for one", () => {
  const ranges = [{ seed: 7, n_toys: 3 }];
  assert.deepEqual(drawnSeeds(fitToys, ranges), ranges);
  assert.deepEqual(drawnSeeds(hypotestToys, ranges), [...ranges, { seed: 1_000_000_007, n_toys: 3 }]);
});

Deno.test("more toys than lie between the seeds of both hypotheses, and seeds of 2^53 or more, are refused", () => {
  assert.deepEqual([mostToys(fitToys), mostToys(hypotestToys)], [Infinity, 1_000_000_000]);
  refuseSeeds(hypotestToys, { seed: 0, n_toys: 1_000_000_000 });
  assert.throws(() => refuseSeeds(hypotestToys, { seed: 0, n_toys: 1_000_000_001 }), /1000000000 have seeds of their/);
  const far = { seed: Number.MAX_SAFE_INTEGER - 1_000_000_000, n_toys: 10 };
  refuseSeeds(fitToys, far);
  assert.throws(() => refuseSeeds(hypotestToys, far), /must be below 2\^53/);
});

Deno.test("free seeds follow directly if they are not taken, else fill the first gap that is wide enough", () => {
  assert.equal(freeSeedsOf(fitToys, 62, 10, [{ seed: 42, n_toys: 20 }, { seed: 72, n_toys: 1 }]), 62);
  assert.equal(freeSeedsOf(fitToys, 62, 10, [{ seed: 100, n_toys: 5 }, { seed: 70, n_toys: 10 }]), 80);
});

Deno.test("free seeds of a workload meet no seed of either hypothesis of others, and are the first such ones", () => {
  const block = fc.integer({ min: 0, max: 3 }).map((i) => i * 1_000_000_000);
  const range = fc.record({
    seed: fc.tuple(block, fc.nat(60)).map(([a, b]) => a + b),
    n_toys: fc.integer({ min: 1, max: 9 }),
  });
  const workload = fc.constantFrom(fitToys, hypotestToys);
  const length = fc.integer({ min: 1, max: 9 });
  fc.assert(
    fc.property(workload, fc.array(range, { maxLength: 8 }), fc.nat(50), length, (workload, runs, from, n) => {
      const drawn = runs.flatMap((run) => drawnSeeds(workload, [run]));
      const meets = (seed: number) =>
        drawnSeeds(workload, [{ seed, n_toys: n }]).some((own) =>
          drawn.some((other) => overlaps([own, other]).length > 0)
        );
      const found = freeSeedsOf(workload, from, n, drawn);
      assert(!meets(found));
      for (let seed = from; seed < found; seed++) assert(meets(seed));
    }),
  );
});
