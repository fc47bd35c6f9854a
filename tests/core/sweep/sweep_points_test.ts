import fc from "fast-check";
import assert from "node:assert/strict";
import { FarmError } from "../../../core/errors.ts";
import { planPoints, readShardsList } from "../../../core/sweep/points.ts";

const counts = fc.uniqueArray(fc.integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: 8 });

Deno.test("every repeat of a sweep is one round over all shard counts, with separate run ids", () => {
  fc.assert(fc.property(counts, fc.integer({ min: 1, max: 5 }), fc.nat(), (list, repeats, seed) => {
    const points = planPoints("s", list, repeats, seed);
    assert.equal(new Set(points.map(({ run_id }) => run_id)).size, list.length * repeats);
    for (let repeat = 1; repeat <= repeats; repeat++) {
      const round = points.slice((repeat - 1) * list.length, repeat * list.length);
      assert.deepEqual(round.map((one) => one.repeat), list.map(() => repeat));
      assert.deepEqual(round.map(({ shards }) => shards).sort(), [...list].sort());
    }
  }));
});

Deno.test("the same seed gives the same order, and over many seeds each count comes first about as often", () => {
  const list = [2, 4, 8];
  assert.deepEqual(planPoints("s", list, 3, 7), planPoints("s", list, 3, 7));
  const first = new Map<number, number>();
  for (let seed = 0; seed < 600; seed++) {
    const [point] = planPoints("s", list, 1, seed);
    if (point) first.set(point.shards, (first.get(point.shards) ?? 0) + 1);
  }
  for (const count of list) {
    assert((first.get(count) ?? 0) > 120, `${count} was first ${first.get(count)} times of 600`);
  }
});

Deno.test("run ids are those of the old scripts, with the repeat if there are several", () => {
  assert.deepEqual(planPoints("pf32", [50], 1, 1).map(({ run_id }) => run_id), ["pf32_sh50"]);
  assert.deepEqual(planPoints("pf32", [50], 2, 1).map(({ run_id }) => run_id), ["pf32_rep1_sh50", "pf32_rep2_sh50"]);
});

Deno.test("a list of shard counts is read with or without blanks, and refused with its invalid word", () => {
  assert.deepEqual(readShardsList("50, 100,200"), [50, 100, 200]);
  for (const [text, what] of [["", '""'], ["4,,8", '""'], ["4,x", '"x"'], ["0", '"0"'], ["1.5", '"1.5"']] as const) {
    assert.throws(() => readShardsList(text), (error) => error instanceof FarmError && error.message.includes(what));
  }
  assert.throws(() => readShardsList("4,8,4"), /4 is there twice; --repeats/);
});
