import fc from "fast-check";
import assert from "node:assert/strict";
import { cutPlans, livePlans, manifestFault, uncutPlan } from "../../core/check_manifest.ts";
import {
  checkMinutes,
  checkTimeLimit,
  cutByTime,
  cutUncut,
  firstSplit,
  shardSizes,
  type TimedSlots,
  timedWords,
  timesOfProbes,
  toysInTime,
} from "../../core/cut_by_time.ts";
import { newManifest } from "../../core/request.ts";
import type { FarmManifest } from "../../core/schema/manifest.ts";
import { REQUEST } from "../fixtures/run.ts";

const AT = "2026-11-24T20:00:00.000Z";
const ORIGIN = { created_at_utc: AT, run_token: "9f3c1e0a5b7d4c62", nsfarm_bin: "/bin/nsfarm-deno" };

const count = fc.integer({ min: 1, max: 20_000 });
const full = fc.integer({ min: 1, max: 500 });
const slots = fc.option(fc.integer({ min: 1, max: 64 }));
const sum = (values: readonly number[]) => values.reduce((total, one) => total + one, 0);

Deno.test("shard sizes hold each toy once, and none is empty or above the wanted size", () => {
  fc.assert(fc.property(count, full, slots, (n, most, slots) => {
    const sizes = shardSizes(n, most, slots);
    assert.equal(sum(sizes), n);
    assert(sizes.every((size) => size >= 1 && size <= most));
    const least = Math.min(n, Math.ceil(most / 4));
    assert(sizes.every((size) => size >= Math.floor(least / 2)), `${sizes}`);
  }));
});

Deno.test("all but the last shards have the wanted size, and no shard at the end is longer than the one before", () => {
  fc.assert(
    fc.property(full, fc.integer({ min: 1, max: 16 }), fc.integer({ min: 4, max: 40 }), (most, slots, rounds) => {
      const sizes = shardSizes(rounds * slots * most, most, slots);
      const whole = sizes.filter((size) => size === most).length;
      assert(whole >= (rounds - 2) * slots);
      assert(sizes.slice(whole).every((size, i, rest) => i + 2 > rest.length - 1 || size >= (rest[i + 1] ?? 0)));
      if (most >= 8) assert((sizes.at(-1) ?? most) <= most / 2, `${sizes}`);
    }),
  );
});

Deno.test("where the slots are unknown, the last tenth of the toys is in shards of half the size", () => {
  const sizes = shardSizes(4000, 100, null);
  assert.deepEqual(sizes.slice(0, 36).filter((size) => size !== 100), []);
  assert.deepEqual(sizes.slice(36), [50, 50, 50, 50, 50, 50, 50, 50]);
});

const kind = fc.record({
  executor: fc.constantFrom("a", "b", "c"),
  slots: fc.integer({ min: 1, max: 8 }),
  toy_s: fc.double({ min: 0.01, max: 30, noNaN: true }),
  startup_s: fc.double({ min: 0, max: 20, noNaN: true }),
});
const kinds = fc.uniqueArray(kind, { minLength: 1, maxLength: 3, selector: ({ executor }) => executor });

Deno.test("toys cut for executors of any speed are each in one shard, which takes its executor at most that time", () => {
  const minutes = fc.double({ min: 0.5, max: 60, noNaN: true });
  fc.assert(fc.property(count, fc.nat(1000), minutes, kinds, (n, start, minutes, kinds) => {
    const ranges = cutByTime({ start, count: n }, minutes, kinds);
    let next = start;
    for (const { start, count, farm } of ranges) {
      assert.equal(start, next);
      const at = kinds.find(({ executor }) => executor === farm.sized_for);
      assert(at);
      const most_s = Math.max(minutes * 60 + at.toy_s / 2, at.startup_s + at.toy_s);
      assert(at.startup_s + count * at.toy_s <= most_s + 1e-6);
      next += count;
    }
    assert.equal(next, start + n);
  }));
});

Deno.test("a host that is three times slower gets shards with a third of the toys, and a third as many toys", () => {
  const fast: TimedSlots = { executor: "w1", slots: 2, toy_s: 0.1, startup_s: 0 };
  const ranges = cutByTime({ start: 0, count: 8000 }, 1, [fast, { ...fast, executor: "w3", toy_s: 0.3 }]);
  const of = (executor: string) => ranges.filter(({ farm }) => farm.sized_for === executor).map(({ count }) => count);
  assert.deepEqual([of("w1")[0], of("w3")[0]], [600, 200]);
  assert.deepEqual([sum(of("w1")), sum(of("w3"))], [6000, 2000]);
  const shares = ranges.map(({ count, farm }) => count / (farm.sized_for === "w1" ? 600 : 200));
  assert.deepEqual(shares, shares.toSorted((a, b) => b - a), "the longest come first, whoever they are for");
});

function split(n_toys: number, minutes: number, probes: Parameters<typeof firstSplit>[3]): FarmManifest {
  const ranges = firstSplit(n_toys, minutes, { toy_s: 1, startup_s: 0 }, probes);
  const shares = ranges.map(({ start, count, farm }) => ({ start, count, at: { farm } }));
  return newManifest({ ...REQUEST, n_toys, shares, shards: shares.length, shard_minutes: minutes }, ORIGIN);
}

Deno.test("probes, then the rest: cut or not, each toy is in one shard with its seed", () => {
  const places = fc.array(
    fc.record({ executor: fc.option(fc.constantFrom("a", "b")), slots: fc.integer({ min: 1, max: 40 }) }),
    { minLength: 1, maxLength: 3 },
  );
  fc.assert(fc.property(fc.integer({ min: 2, max: 5000 }), places, kinds, (n, places, kinds) => {
    const before = split(n, 2, places);
    assert.equal(manifestFault(before), null);
    const probes = cutPlans(before);
    assert(probes.length >= 1 && probes.every(({ farm, n_toys }) => farm?.probe && n_toys <= 30));
    assert(sum(probes.map(({ n_toys }) => n_toys)) <= Math.max(1, n / 4));
    const after = cutUncut(before, kinds, AT);
    assert.equal(manifestFault(after), null);
    assert.equal(uncutPlan(after), undefined);
    assert.deepEqual(after.plans.slice(0, probes.length), probes);
    assert(livePlans(after).every(({ seed, toy_start }) => seed === before.seed + toy_start));
    assert.equal(cutUncut(after, kinds, AT), after, "cut once");
  }));
});

Deno.test("each slot of a host runs a probe for that host", () => {
  const probes = cutPlans(split(4000, 2, [{ executor: "a", slots: 3 }, { executor: "b", slots: 1 }]));
  assert.deepEqual(probes.map(({ farm, n_toys }) => [farm?.sized_for, n_toys]), [
    ["a", 30],
    ["a", 30],
    ["a", 30],
    ["b", 30],
  ]);
});

Deno.test("without probes the trial fit alone cuts all toys", () => {
  const manifest = split(6000, 10, null);
  assert.equal(uncutPlan(manifest), undefined);
  assert.deepEqual(cutPlans(manifest).map(({ n_toys }) => n_toys), [...Array(9).fill(600), 300, 300]);
  assert.equal(timedWords(manifest), undefined);
});

Deno.test("the history says how many toys were cut, and the time of a toy", () => {
  const cut = cutUncut(split(4000, 2, [{ executor: null, slots: 2 }]), [
    { executor: null, slots: null, toy_s: 1.5, startup_s: 30 },
  ], AT);
  assert.deepEqual(cut.farm.history, [{
    at_utc: AT,
    change: "cut 3940 toys into 72 shards: 1.50 s per toy, 60 toys in 2 min",
    shards: [2],
  }]);
});

Deno.test("probes of a scheduler's jobs count together, those of worker loops by executor", () => {
  const probes = [
    { executor: "a", n_toys: 10, wall_s: 12, fit_s: 10 },
    { executor: "a", n_toys: 10, wall_s: 14, fit_s: 12 },
    { executor: "b", n_toys: 10, wall_s: 30, fit_s: null },
  ];
  assert.deepEqual(timesOfProbes(probes, true), [
    { executor: "a", slots: 2, toy_s: 1.1, startup_s: 2 },
    { executor: "b", slots: 1, toy_s: 3, startup_s: 0 },
  ]);
  assert.deepEqual(timesOfProbes(probes, false).map(({ executor, slots, toy_s }) => [executor, slots, toy_s]), [
    [null, null, 52 / 30],
  ]);
  assert.deepEqual(timesOfProbes([], false), []);
});

Deno.test("start-up is part of a shard's time", () => {
  assert.equal(toysInTime(60, { toy_s: 2, startup_s: 10 }), 25);
  assert.equal(toysInTime(5, { toy_s: 2, startup_s: 10 }), 1);
});

Deno.test("minutes that make no sense for these toys are refused, with the time of a toy or of all", () => {
  const time = { toy_s: 2, startup_s: 1 };
  assert.throws(() => checkMinutes(0.04, 100, time), /Cannot use --shard-minutes 0.04: one toy takes 3.00 s/);
  assert.throws(
    () => checkMinutes(4, 100, time),
    /Cannot use --shard-minutes 4: all 100 toys together take about 3 min/,
  );
  assert.throws(() => checkMinutes(1, 10_000_000, time), /that makes about 333334 shards/);
  checkMinutes(3, 100, time);
});

Deno.test("a time at or above the limit of the jobs is refused; no limit or one of unknown unit is not", () => {
  const known = [{ name: "slurm-time", role: "time" }, { name: "slurm-qos" }];
  const wanted = /Cannot use --shard-minutes 60 with --slurm-time 1:00:00: such jobs reach their time limit/;
  assert.throws(() => checkTimeLimit(60, { "slurm-time": "1:00:00" }, known), wanted);
  checkTimeLimit(59, { "slurm-time": "1:00:00" }, known);
  checkTimeLimit(60, { "slurm-time": "UNLIMITED" }, known);
  checkTimeLimit(60, { "slurm-time": 10 }, known);
  checkTimeLimit(60, {}, known);
  checkTimeLimit(60, { "slurm-time": "1" }, []);
});
