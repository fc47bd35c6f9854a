import fc from "fast-check";
import assert from "node:assert/strict";
import { bestMinutes, predictMinutes } from "../../../core/plan/minutes.ts";
import type { PlanSlot } from "../../../core/plan/predict.ts";

const SLOT: PlanSlot = { ready_s: 0, startup_s: 2, gap_s: 1, toy_s: 1 };
const alike = (n: number, slot: Partial<PlanSlot> = {}) => Array.from({ length: n }, () => ({ ...SLOT, ...slot }));

Deno.test("no prediction is below the work divided by the slots, and none misses it by more than the longest shard", () => {
  const slots = fc.array(
    fc.record({
      ready_s: fc.constant(0),
      startup_s: fc.constant(0),
      gap_s: fc.constant(0),
      toy_s: fc.constantFrom(0.5, 1, 2),
    }),
    { minLength: 1, maxLength: 8 },
  );
  fc.assert(fc.property(fc.integer({ min: 500, max: 20_000 }), slots, (n, slots) => {
    const ideal_s = n / slots.reduce((rate, { toy_s }) => rate + 1 / toy_s, 0);
    for (const { shard_minutes, makespan_s } of predictMinutes(n, slots)) {
      assert(makespan_s >= ideal_s - 1e-6);
      assert(makespan_s <= ideal_s + 2 * shard_minutes * 60 + 60, `${shard_minutes}: ${makespan_s} of ${ideal_s}`);
    }
  }));
});

Deno.test("a single slot takes the time of all toys, of each start-up, and of the gaps between", () => {
  for (const ready_s of [0, 5]) {
    const planned = predictMinutes(600, alike(1, { ready_s, toy_s: 0.5 }));
    assert.equal(planned.length, 6);
    for (const { shards, makespan_s } of planned) {
      assert.ok(Math.abs(makespan_s - (300 + 2 * shards + shards - 1)) < 1e-9, `${shards} shards: ${makespan_s}`);
    }
  }
});

Deno.test("long shards pay where each costs start-up and a gap, short ones where few slots share few toys", () => {
  const slow = predictMinutes(20_000, alike(4, { startup_s: 60, gap_s: 30 }));
  const quick = predictMinutes(2_000, alike(16, { startup_s: 0.1, gap_s: 0 }));
  assert((bestMinutes(slow) ?? 0) >= 30, JSON.stringify(slow));
  assert((bestMinutes(quick) ?? 99) <= 2, JSON.stringify(quick));
});

Deno.test("only times are compared that make at least two shards of at least one toy", () => {
  const minutes = predictMinutes(600, alike(2)).map(({ shard_minutes }) => shard_minutes);
  assert.deepEqual(minutes, [0.1, 0.2, 0.5, 1, 2, 3, 5, 8]);
  assert.deepEqual(predictMinutes(5, alike(2)), []);
  assert.equal(bestMinutes([]), null);
});

Deno.test("of equally short makespans the longest shards are recommended", () => {
  const planned = (shard_minutes: number, makespan_s: number) => ({ shard_minutes, shards: 1, makespan_s });
  assert.equal(bestMinutes([planned(1, 101), planned(2, 100), planned(5, 101.5), planned(10, 110)]), 5);
});
