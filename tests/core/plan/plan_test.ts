import fc from "fast-check";
import assert from "node:assert/strict";
import { readPilot } from "../../../core/plan/pilot.ts";
import { countsThatMatter, describePlan, makePlan } from "../../../core/plan/plan.ts";
import {
  candidateCounts,
  pilotSlots,
  type PlanSlot,
  planSlots,
  predictCount,
  pulledSchedule,
  spreadSlots,
  staticMakespan,
} from "../../../core/plan/predict.ts";
import { ShardingPlan } from "../../../core/schema/plan.ts";
import { inWaves, sampleFacts } from "../support/sample_facts.ts";

const whole = fc.integer({ min: 0, max: 20 });
const slot = fc.record({ ready_s: whole, startup_s: whole, gap_s: whole, toy_s: fc.integer({ min: 1, max: 5 }) });
const farm = fc.record({
  slots: fc.array(slot, { minLength: 1, maxLength: 9 }),
  toys: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 30 }),
});

/**
 * The farm second by second: at each, slots whose shard has ended become free, and free slots take what is theirs.
 * @param takes which shard a slot takes next, or undefined
 */
function eventByEvent(
  toys: number[],
  slots: PlanSlot[],
  takes: (slot: number, open: Set<number>) => number | undefined,
) {
  const open = new Set(toys.keys());
  const busy = slots.map((): { until: number } | null => null);
  const free_from = slots.map(({ ready_s }) => ready_s);
  let [first, last] = [Infinity, -Infinity];
  for (let now = 0; open.size > 0 || busy.some((one) => one !== null); now++) {
    for (const [i, one] of slots.entries()) {
      if (busy[i]?.until === now) {
        busy[i] = null;
        free_from[i] = now + one.gap_s;
        last = now;
      }
    }
    for (const [i, one] of slots.entries()) {
      if (busy[i] !== null || (free_from[i] ?? 0) > now) continue;
      const shard = takes(i, open);
      if (shard === undefined) continue;
      open.delete(shard);
      first = Math.min(first, now);
      busy[i] = { until: now + one.startup_s + (toys[shard] ?? 0) * one.toy_s };
    }
  }
  return last - first;
}

Deno.test("pulledSchedule() equals a simulation of the slots second by second", () => {
  fc.assert(
    fc.property(farm, ({ slots, toys }) => {
      const wanted = eventByEvent(toys, slots, (_, open) => open.values().next().value);
      assert.equal(pulledSchedule(toys, slots).makespan_s, wanted);
    }),
    { numRuns: 200 },
  );
});

Deno.test("staticMakespan() equals a simulation of slots that run only their own shards", () => {
  fc.assert(
    fc.property(farm, ({ slots, toys }) => {
      const own = (at: number, open: Set<number>) => [...open].find((shard) => shard % slots.length === at);
      assert.equal(staticMakespan(toys, slots), eventByEvent(toys, slots, own));
    }),
    { numRuns: 200 },
  );
});

const even = (n: number, change: Partial<PlanSlot> = {}): PlanSlot[] =>
  Array.from({ length: n }, () => ({ ready_s: 0, startup_s: 0, gap_s: 0, toy_s: 1, ...change }));

Deno.test("pulling evens out a slow slot, a static split waits for it", () => {
  const slots = [...even(3), ...even(1, { toy_s: 4 })];
  const toys = Array<number>(40).fill(10);
  assert.equal(staticMakespan(toys, slots), 400);
  assert.equal(pulledSchedule(toys, slots).makespan_s, 130);
});

Deno.test("no shards take no time, and slots without shards do not count", () => {
  assert.deepEqual(pulledSchedule([], even(3)), { makespan_s: 0, longest_shard_s: 0 });
  assert.equal(staticMakespan([], even(3)), 0);
  const late = even(1, { ready_s: 99 });
  assert.equal(pulledSchedule([5], [...even(1), ...late]).makespan_s, 5);
  assert.equal(staticMakespan([5], [...even(1), ...late]), 5);
});

/** 8 shards of 50 toys in two waves on two hosts, of which `slow` takes twice as long for a toy. */
function pilot() {
  const shards = [0, 1, 2, 3].flatMap((wave) => [
    { n_toys: 50, start_s: wave * 6, end_s: wave * 6 + 5.5, fit_s: 5, host: "fast" },
    { n_toys: 50, start_s: 1 + wave * 11, end_s: 1 + wave * 11 + 10.5, fit_s: 10, host: "slow" },
  ]);
  return readPilot(sampleFacts({ run_id: "pilot", shards }));
}

Deno.test("a pilot gives each host's time per toy, start-up, gaps and the delay between slots", () => {
  const { hosts, gap_s, stagger_s, queue_s, spread, toy_error } = pilot();
  assert.deepEqual(hosts, [
    { host: "fast", slots: 1, n_shards: 4, toy_s: 0.1, startup_s: 0.5 },
    { host: "slow", slots: 1, n_shards: 4, toy_s: 0.2, startup_s: 0.5 },
  ]);
  assert.deepEqual([gap_s, stagger_s, queue_s, spread, toy_error], [0.5, 1, 0, { toy: 0, shard: 0 }, 0]);
});

Deno.test("a pilot with one shard per host gives no scatter of times, and the plan says so", () => {
  for (const hosts of [["a"], ["a", "b"]]) {
    const one = readPilot(sampleFacts({ shards: inWaves(hosts.length, hosts.length, 10, 100, hosts) }));
    assert.deepEqual([one.spread, one.toy_error], [null, null]);
    const plan = makePlan(one, { n_toys: 100, hosts: pilotSlots(one), counts: [2] });
    assert.equal(plan.uncertainty, null);
    assert.deepEqual(plan.counts.map(({ pulled_makespan_s: { q16, q84 } }) => [q16, q84]), [[null, null]]);
    const words = describePlan(plan, true);
    assert.match(words, /Uncertainty unknown/);
    assert.match(words, /spread +not known/);
    assert.doesNotMatch(words, /±/);
  }
});

Deno.test("what passed between the sessions of an extended run is no gap on its slots, and no delay of them", () => {
  const first = inWaves(4, 2, 10, 100);
  const later = inWaves(4, 4, 10, 100).map((shard, i) => ({ ...shard, start_s: 120 + i / 10, end_s: 130 + i / 10 }));
  const { gap_s, stagger_s } = readPilot(sampleFacts({ scheduler: "local", shards: [...first, ...later] }));
  assert.equal(gap_s, 0);
  assert(Math.abs(stagger_s - 0.3 / 4) < 1e-6, `${stagger_s}`);
});

Deno.test("a run whose clocks contradict each other is no pilot", () => {
  const run = sampleFacts({ shards: inWaves(4, 2, 10, 10) });
  Object.assign(run.shards[1] ?? {}, { span: null });
  assert.throws(() => readPilot(run), /clocks disagree about when its shards ran/);
});

Deno.test("scatter beyond that of toys is attributed to the shards", () => {
  const shards = inWaves(8, 2, 10, 100).map((shard, i) => ({ ...shard, fit_s: i % 2 ? 9 : 11 }));
  const { spread, toy_error } = readPilot(sampleFacts({ shards }));
  assert(spread && toy_error !== null);
  assert.equal(spread.toy, 0.15);
  assert(Math.abs(spread.shard - 0.1) < 0.01, `${spread.shard}`);
  assert(Math.abs(toy_error - 0.1 / Math.sqrt(7)) < 0.001, `${toy_error}`);
});

Deno.test("a plan without scatter equals plain arithmetic", () => {
  const slots = even(4, { startup_s: 0.5, toy_s: 0.1 });
  const planned = predictCount(400, 8, slots, { toy: 0, shard: 0 });
  assert.deepEqual(planned.pulled_makespan_s, { median: 11, q16: 11, q84: 11 });
  assert.equal(planned.static_makespan_s, 11);
  assert.equal(planned.max_shard_elapsed_s, 5.5);
  assert.deepEqual([planned.slot_s, planned.startup_share], [44, 4 / 44]);
});

Deno.test("a plan predicts its pilot's own makespan, and matches its schema", () => {
  const one = pilot();
  const plan = makePlan(one, { n_toys: 10_000, hosts: pilotSlots(one), counts: null });
  ShardingPlan.parse(plan);
  assert.equal(plan.self_check.measured_s, 44.5);
  // The pilot was dealt out evenly; a queue would have given the fast host more.
  assert(plan.self_check.predicted_s < 44.5 && plan.self_check.predicted_s > 25, `${plan.self_check.predicted_s}`);
  assert.match(describePlan(plan, true), /Recommended: --shards \d+, time limit 00:12:00 per shard, memory 200 MiB/);
  assert.match(describePlan(plan, true), /Uncertainty ± \d/);
});

Deno.test("CPU time follows the pilot: shards that waited half of their time cost half of it", () => {
  const run = sampleFacts({ shards: inWaves(8, 2, 10, 100) });
  for (const shard of run.shards) shard.cpu_s = 5;
  const plan = makePlan(readPilot(run), { n_toys: 800, hosts: [{ host: "n1", slots: 2 }], counts: [8] });
  assert.deepEqual(plan.counts.map(({ slot_s, cpu_s }) => [slot_s, cpu_s]), [[80, 40]]);
  for (const shard of run.shards) shard.cpu_s = null;
  assert.equal(
    makePlan(readPilot(run), { n_toys: 800, hosts: [{ host: "n1", slots: 2 }], counts: [8] }).counts[0]?.cpu_s,
    null,
  );
});

Deno.test("more slots than the pilot filled keep its mixture of hosts, and the plan says what it cannot know", () => {
  const one = pilot();
  assert.deepEqual(spreadSlots(one, 10), [{ host: "fast", slots: 5 }, { host: "slow", slots: 5 }]);
  fc.assert(fc.property(fc.integer({ min: 1, max: 1000 }), (n) => {
    assert.equal(planSlots(one, spreadSlots(one, n)).length, n);
  }));
  const hosts = [{ host: "fast", slots: 2 }, { host: "new", slots: 3 }];
  const { warnings, slots } = makePlan(one, { n_toys: 100, hosts, counts: [5] });
  assert.deepEqual(slots.map(({ is_measured }) => is_measured), [true, false]);
  assert.match(
    warnings.join("\n"),
    /hosts that the source run did not use.*: new\n.*contention between more than 2 slots is not modelled/,
  );
});

Deno.test("a host without measurements gets those of the pilot's median host, and slots start one after the other", () => {
  const host = (name: string, toy_s: number) => ({ host: name, slots: 1, n_shards: 1, toy_s, startup_s: 2 * toy_s });
  const one = { ...pilot(), hosts: [host("a", 1), host("b", 2), host("c", 3)], stagger_s: 0.25, gap_s: null };
  assert.deepEqual(planSlots(one, [{ host: "new", slots: 1 }, { host: "c", slots: 2 }]), [
    { ready_s: 0, startup_s: 4, gap_s: 0, toy_s: 2 },
    { ready_s: 0.25, startup_s: 6, gap_s: 0, toy_s: 3 },
    { ready_s: 0.5, startup_s: 6, gap_s: 0, toy_s: 3 },
  ]);
});

Deno.test("scatter of the toys alone, or of the shards alone, makes a range of the makespan", () => {
  for (const spread of [{ toy: 0.2, shard: 0 }, { toy: 0, shard: 0.2 }]) {
    const { q16, median, q84 } = predictCount(400, 8, even(4), spread).pulled_makespan_s;
    assert(q16 !== null && q84 !== null && q16 < median && median < q84);
  }
});

Deno.test("candidate counts never exceed the number of toys or 10,000", () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 1e6 }), fc.integer({ min: 1, max: 1e5 }), (toys, slots) => {
    const counts = candidateCounts(toys, slots);
    assert.equal(counts[0], 1);
    assert((counts.at(-1) ?? Infinity) <= Math.min(toys, 10_000));
    assert.deepEqual(counts, [...new Set(counts)].sort((a, b) => a - b));
  }));
});

Deno.test("the same pilot always gives the same plan", () => {
  const noisy = readPilot(
    sampleFacts({ shards: inWaves(8, 2, 10, 100).map((one, i) => ({ ...one, fit_s: 9 + i / 8 })) }),
  );
  const asked = { n_toys: 5000, hosts: pilotSlots(noisy), counts: null };
  assert.deepEqual(makePlan(noisy, asked), makePlan(noisy, asked));
  for (const { pulled_makespan_s: { q16, median, q84 } } of makePlan(noisy, asked).counts) {
    assert(q16 !== null && q84 !== null && q16 <= median && median <= q84);
  }
});

Deno.test("the longest shard of a plan never exceeds its makespan", () => {
  for (const shard of [0, 0.1, 0.5, 2]) {
    for (let shards = 1; shards <= 40; shards++) {
      const planned = predictCount(2000, shards, even(2), { toy: 0.15, shard });
      const { max_shard_elapsed_s, pulled_makespan_s: { median } } = planned;
      assert(max_shard_elapsed_s <= median, `${shards} shards, ± ${shard}: ${max_shard_elapsed_s} of ${median}`);
    }
  }
});

Deno.test("a run with unknown times is no pilot", () => {
  const old = sampleFacts({ run_id: "old", shards: inWaves(4, 2, 5, 10), is_old: true });
  assert.throws(() => readPilot(old), /Cannot plan from the run "old": none of its shards has a record of when it ran/);
});

Deno.test("a plan explains its columns and its mark, and does not name a run after a Slurm job", () => {
  const one = pilot();
  const text = describePlan(makePlan(one, { n_toys: 1000, hosts: spreadSlots(one, 9), counts: [9, 27, 90] }), true);
  assert.match(text, /^ {2}makespan {2}each slot takes the next shard as soon as it is free$/m);
  assert.match(text, /^ {2}static {4}makespan when shards are assigned to slots in advance \(--static\)$/m);
  assert.match(
    text,
    /^ {2}<- {8}recommended: the smallest count within [\d.]+ % of the best makespan with 3 shards per slot, else the smallest within it$/m,
  );
  assert.doesNotMatch(text.replaceAll("from pilot (", ""), /pilot/i);
});

Deno.test("a plan shows the ten counts that matter, and all counts only with --all", () => {
  const one = pilot();
  const plan = makePlan(one, { n_toys: 5000, hosts: pilotSlots(one), counts: null });
  const shown = countsThatMatter(plan);
  const least_s = Math.min(...plan.counts.map(({ pulled_makespan_s }) => pulled_makespan_s.median));
  assert.ok(plan.counts.length > 10);
  assert.equal(shown.length, 10);
  assert.deepEqual(shown, plan.counts.filter((count) => shown.includes(count)));
  for (const wanted of [plan.counts[0], plan.counts.at(-1)]) assert.ok(wanted && shown.includes(wanted));
  assert.ok(shown.some(({ shards }) => shards === plan.recommended.shards));
  assert.ok(shown.some(({ pulled_makespan_s }) => pulled_makespan_s.median === least_s));
  const rows = (text: string) => text.match(/^ +\d+ {2,}.*$/gm)?.length;
  assert.equal(rows(describePlan(plan, false)), 10);
  assert.equal(rows(describePlan(plan, true)), plan.counts.length);
  assert.match(describePlan(plan, false), new RegExp(`${plan.counts.length - 10} more counts: --all`));
  assert.doesNotMatch(describePlan(plan, true), /--all/);
});

Deno.test("where nextstat reports no time of its toys, their start-up is not told apart and no time of a shard is proposed", () => {
  const shards = [0, 1, 2, 3].map((i) => ({ n_toys: 1000, start_s: 10 * i, end_s: 10 * i + 9 }));
  const timed = sampleFacts({ shards });
  const pilot = readPilot({ ...timed, shards: timed.shards.map((one) => ({ ...one, fit_s: null })) });
  const plan = makePlan(pilot, { n_toys: 100_000, hosts: pilotSlots(pilot), counts: null });
  assert.deepEqual([plan.terms["has_startup"], plan.minutes, plan.recommended.shard_minutes], [false, [], null]);
  const text = describePlan(plan, true);
  assert.match(text, /9\.00 ms per toy, with the start-up of its shard, 1 slot/);
  assert.doesNotMatch(text, /By time|start-up per shard/);
  const whole = readPilot(timed);
  assert.match(
    describePlan(makePlan(whole, { n_toys: 100_000, hosts: pilotSlots(whole), counts: null }), true),
    /By time: /,
  );
});
