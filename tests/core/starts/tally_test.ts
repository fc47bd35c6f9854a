import assert from "node:assert/strict";
import fc from "fast-check";
import { chooseStarts } from "../../../core/starts/choose.ts";
import { addStarts, tallyStarts } from "../../../core/starts/tally.ts";

const rules = { upperLimit: (k: number, n: number) => k / n, max_missed: 0.01 };

const nlls = (...rows: number[][]) => rows.map((row) => Float64Array.from(row));

Deno.test("the lowest fit of each toy is kept, of equal ones that of the first start, and failed fits are lower than none", () => {
  const { of_toys } = tallyStarts(nlls([1, 5, 2, NaN, NaN], [1 - 9e-7, 3, NaN, 4, NaN], [2, 3, 1.9, 5, NaN]));
  assert.deepEqual(of_toys, [0, 1, 2, 1, 0]);
});

Deno.test("each start's toys that it alone finds and that it misses are counted, with the largest difference", () => {
  const { starts, n_found_by_one } = tallyStarts(nlls([1, 5, 2], [1, 3, 9], [2, 3.0005, NaN]));
  assert.deepEqual(starts, [
    { index: 0, n_lowest_alone: 1, n_missed: 1, worst_missed_nll: 2 },
    { index: 1, n_lowest_alone: 0, n_missed: 1, worst_missed_nll: 7 },
    { index: 2, n_lowest_alone: 0, n_missed: 2, worst_missed_nll: 1 },
  ]);
  assert.equal(n_found_by_one, 1);
});

Deno.test("the tallies of any split of a set add up to that of the set", () => {
  const toys = fc.array(fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 3 })), { minLength: 2 });
  fc.assert(fc.property(toys, fc.nat(), (rows, at) => {
    const tally = (part: typeof rows) => {
      const of = tallyStarts([0, 1].map((i) => Float64Array.from(part, (row) => row[i] ?? NaN)));
      return { k: of.k, n_toys: part.length, starts: of.starts, n_found_by_one: of.n_found_by_one };
    };
    const cut = at % rows.length;
    const add = (...parts: typeof rows[]) => addStarts(parts.map(tally), null, rules);
    assert.deepEqual(add(rows.slice(0, cut), rows.slice(cut)), add(rows));
  }));
});

Deno.test("a set has no tally where a part has none, or another number of starts", () => {
  const part = { k: 2, n_toys: 4, starts: [], n_found_by_one: 1 };
  assert.equal(addStarts([part, null], null, rules), null);
  assert.equal(addStarts([part, { ...part, k: 3 }], null, rules), null);
  assert.equal(addStarts([part, part], null, rules)?.missed_estimate, 2 / 2 / 8);
});

Deno.test("the bound is the larger one of the toys found by one start alone and of the trial toys that the starts miss", () => {
  const part = { k: 2, n_toys: 10, starts: [], n_found_by_one: 1 };
  const boundOf = (n_missed: number) => {
    const table = [{ k: 1, n_toys: 20, n_missed: 19, cpu_s: 1 }, { k: 2, n_toys: 20, n_missed, cpu_s: 1 }];
    return addStarts([part], { list: [], table }, rules)?.missed_bound;
  };
  assert.deepEqual([boundOf(0), boundOf(8)], [0.1, 0.4]);
});

Deno.test("once each trial toy is found, starts are chosen that find most of them once more", () => {
  const found = nlls([0, 0, 0, 1], [1, 1, 1, 0], [0, 1, 1, 1], [0, 0, 9, 9]);
  assert.deepEqual(chooseStarts(found, 3), [0, 1, 3]);
});

Deno.test("starts are chosen that together find most trial toys, not those that find most each", () => {
  const found = nlls([0, 0, 0, 1, 1, 1], [0, 0, 1, 1, 1, 1], [1, 1, 1, 0, 0, 1], [1, 1, 1, 1, 1, 0]);
  assert.deepEqual(chooseStarts(found, 3), [0, 2, 3]);
  assert.equal(chooseStarts(found, 9).length, 4);
});
