import fc from "fast-check";
import assert from "node:assert/strict";
import { addPulls, type ParamPulls, type PartPulls, pullMeans } from "../../../core/merge/param_pulls.ts";

/** nextstat's entries for one parameter's pulls; null where there are none. */
function entryOf(pulls: number[]) {
  const n = pulls.length;
  if (n === 0) return { n_ok: null, mean: null, std: null, frac_abs_lt_1: null, frac_abs_lt_2: null };
  const mean = pulls.reduce((a, b) => a + b, 0) / n;
  const within = (limit: number) => pulls.filter((pull) => Math.abs(pull) < limit).length / n;
  const std = Math.sqrt(pulls.reduce((sum, pull) => sum + (pull - mean) ** 2, 0) / n);
  return { n_ok: n, mean, std, frac_abs_lt_1: within(1), frac_abs_lt_2: within(2) };
}

function pullsOf(parameters: number[][]): ParamPulls {
  const entries = parameters.map(entryOf);
  return {
    n_ok: entries.map((one) => one.n_ok),
    mean: entries.map((one) => one.mean),
    std: entries.map((one) => one.std),
    frac_abs_lt_1: entries.map((one) => one.frac_abs_lt_1),
    frac_abs_lt_2: entries.map((one) => one.frac_abs_lt_2),
  };
}

const partOf = (parameters: number[][]): PartPulls => ({ means: pullsOf(parameters) });

const pull = fc.double({ min: -5, max: 5, noNaN: true });

Deno.test("pulls pooled from shards equal those of all toys: counts and fractions exactly, mean and std to 1e-9", () => {
  const shards = fc.array(fc.tuple(fc.array(pull, { maxLength: 20 }), fc.array(pull, { maxLength: 20 })), {
    maxLength: 8,
  });
  fc.assert(fc.property(shards, (shards) => {
    const pooled = pullMeans(addPulls(shards.map(partOf), 2));
    const wanted = pullsOf([0, 1].map((i) => shards.flatMap((shard) => shard[i] ?? [])));
    for (const key of ["n_ok", "frac_abs_lt_1", "frac_abs_lt_2"] as const) assert.deepEqual(pooled[key], wanted[key]);
    for (const key of ["mean", "std"] as const) {
      pooled[key].forEach((value, i) => {
        const want = wanted[key][i] ?? null;
        assert.equal(value === null, want === null);
        assert.ok(Math.abs((value ?? 0) - (want ?? 0)) < 1e-9);
      });
    }
  }));
});

Deno.test("shards without pulls give none", () => {
  assert.deepEqual(pullMeans(addPulls([], 2)).n_ok, [null, null]);
});

Deno.test("pulls add up to the same digits for any grouping and order of shards", () => {
  const shards = fc.array(fc.array(fc.array(pull, { maxLength: 9 }), { minLength: 2, maxLength: 2 }), { maxLength: 9 });
  const cut = shards.chain((all) =>
    fc.tuple(fc.shuffledSubarray(all, { minLength: all.length }), fc.nat(all.length), fc.constant(all))
  );
  fc.assert(fc.property(cut, ([shuffled, at, all]) => {
    const group = (some: number[][][]): PartPulls => ({ sums: addPulls(some.map(partOf), 2) });
    const grouped = addPulls([group(shuffled.slice(0, at)), group(shuffled.slice(at))], 2);
    assert.deepEqual(grouped, addPulls(all.map(partOf), 2));
    assert.deepEqual(JSON.parse(JSON.stringify(grouped)), grouped);
  }));
});

Deno.test("pulls that lie close together far from 0 keep their std", () => {
  const pooled = pullMeans(addPulls([partOf([[1e6, 1e6 + 1e-3]]), partOf([[1e6 + 2e-3]])], 1));
  assert.ok(Math.abs((pooled.std[0] ?? 0) / 1e-3 / Math.sqrt(2 / 3) - 1) < 1e-6);
});
