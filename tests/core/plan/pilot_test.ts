import assert from "node:assert/strict";
import { readPilot } from "../../../core/plan/pilot.ts";
import type { RunFacts } from "../../../core/run_facts.ts";
import { inWaves, sampleFacts } from "../support/sample_facts.ts";

const facts = (change: Partial<RunFacts> = {}): RunFacts => ({
  ...sampleFacts({ shards: inWaves(4, 2, 10, 100) }),
  ...change,
});

Deno.test("the queue is the time from submission to first start; unknown where the stamps are of two clocks", () => {
  const run = facts();
  const queue = (submitted_ms: number | null) => readPilot({ ...run, submitted_ms }).queue_s;
  const first_ms = run.submitted_ms ?? NaN;
  assert.deepEqual([7000, 0, -1000, -1001].map((early_ms) => queue(first_ms - early_ms)), [7, 0, 0, null]);
  assert.equal(queue(null), null);
});

Deno.test("hosts are in the order of their speed", () => {
  const slow = { n_toys: 10, start_s: 0, end_s: 21, fit_s: 20, host: "slow" };
  const fast = { n_toys: 10, start_s: 0, end_s: 11, fit_s: 10, host: "fast" };
  const { hosts } = readPilot(sampleFacts({ shards: [slow, fast] }));
  assert.deepEqual(hosts.map(({ host, toy_s }) => [host, toy_s]), [["fast", 1], ["slow", 2]]);
});

Deno.test("a gap is counted from the slot that was the last to end, whatever the order of the shards", () => {
  const shards = [
    { n_toys: 10, start_s: 13, end_s: 23 },
    { n_toys: 10, start_s: 0, end_s: 10 },
    { n_toys: 10, start_s: 1, end_s: 12 },
  ];
  const { gap_s, stagger_s } = readPilot(sampleFacts({ shards }));
  assert.deepEqual([gap_s, stagger_s], [1, 1]);
});

Deno.test("two shards on a host give the scatter of their times, and their number that of the mean", () => {
  const shards = inWaves(2, 1, 10, 4).map((shard, i) => ({ ...shard, fit_s: i ? 9.9 : 10.1 }));
  const { spread, toy_error } = readPilot(sampleFacts({ shards }));
  // ± 1 % about the mean with one degree of freedom: 1.41 %, twice as much from toy to toy.
  assert.ok(Math.abs((spread?.toy ?? NaN) - 0.02 * Math.SQRT2) < 1e-9, `${spread?.toy}`);
  assert.equal(spread?.shard, 0);
  assert.ok(Math.abs((toy_error ?? NaN) - 0.01) < 1e-9, `${toy_error}`);
});

Deno.test("the largest memory of a shard counts, and CPU time where any is known", () => {
  const run = facts();
  const shards = run.shards.map((shard, i) => ({ ...shard, max_rss_bytes: i === 1 ? 9 : null, cpu_s: 5 }));
  const { max_rss_bytes, cpu_share } = readPilot({ ...run, shards });
  assert.deepEqual([max_rss_bytes, cpu_share], [9, 0.5]);
  const unknown = readPilot({
    ...run,
    shards: shards.map((shard) => ({ ...shard, max_rss_bytes: null, cpu_s: null })),
  });
  assert.deepEqual([unknown.max_rss_bytes, unknown.cpu_share], [null, null]);
});

Deno.test("a start-up is told apart if nextstat reported the time of some shard's toys", () => {
  const run = facts();
  const timed = (n: number) => run.shards.map((shard, i) => ({ ...shard, fit_s: i < n ? shard.fit_s : null }));
  assert.deepEqual([0, 1, 4].map((n) => readPilot({ ...run, shards: timed(n) }).has_startup), [false, true, true]);
});
