import assert from "node:assert/strict";
import fc from "fast-check";
import { type ParamPulls, poolParamPulls } from "../../../core/merge/param_pulls.ts";

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

const pull = fc.double({ min: -5, max: 5, noNaN: true });

Deno.test("pulls pooled from shards are those of all toys: counts and fractions exactly, mean and std to 1e-9", () => {
  const shards = fc.array(fc.tuple(fc.array(pull, { maxLength: 20 }), fc.array(pull, { maxLength: 20 })), {
    maxLength: 8,
  });
  fc.assert(fc.property(shards, (shards) => {
    const pooled = poolParamPulls(shards.map(pullsOf), 2);
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
  assert.deepEqual(poolParamPulls([], 2).n_ok, [null, null]);
});
