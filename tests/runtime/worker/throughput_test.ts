import assert from "node:assert/strict";
import type { Plan } from "../../../core/schema/manifest.ts";
import { ThroughputEstimator } from "../../../runtime/worker/next.ts";
import { newAssignment } from "../../../runtime/worker/queue.ts";
import { executorOf, plan } from "../support/executors.ts";

const RUNS = new Promise<void>(() => {});
const queue = (...plans: Plan[]) => plans.map((one) => newAssignment(one, 1));
const inMs = (ms: number) => performance.now() + ms;

/** An executor of a second a toy and one of ten, which runs nothing. */
function twoExecutors(fast = executorOf("fast")) {
  const [throughput, slow] = [new ThroughputEstimator(), executorOf("slow")];
  throughput.done(fast, plan(0), 1);
  throughput.done(slow, plan(1), 10);
  const yields = (now_ms: number, orders = queue(plan(2))) =>
    throughput.yields(slow, "slow:0", orders, [fast, slow], now_ms);
  return { throughput, fast, slow, yields };
}

Deno.test("the last shard is left to a faster executor that runs its last but one", () => {
  const { throughput, fast, yields } = twoExecutors();
  throughput.runs(fast, "fast:0", plan(3), RUNS);
  assert.equal(yields(inMs(500)), true);
});

Deno.test("a shard that was left to an executor is taken when that is late, or not ready any more", () => {
  const late = twoExecutors();
  late.throughput.runs(late.fast, "fast:0", plan(3), RUNS);
  assert.equal(late.yields(inMs(5_000)), true);
  assert.equal(late.yields(inMs(30_000)), false);
  const away = twoExecutors(executorOf("fast", { ready: false }));
  away.throughput.runs(away.fast, "fast:0", plan(3), RUNS);
  assert.equal(away.yields(inMs(500)), false);
});

Deno.test("nothing is left to executors without a finished shard", () => {
  const [throughput, fast, slow] = [new ThroughputEstimator(), executorOf("fast"), executorOf("slow")];
  throughput.done(slow, plan(1), 10);
  throughput.runs(fast, "fast:0", plan(3), RUNS);
  assert.equal(throughput.yields(slow, "slow:0", queue(plan(2)), [fast, slow], inMs(0)), false);
});

Deno.test("a shard that has failed, or is one executor's share, is left to no other", () => {
  const { throughput, fast, yields } = twoExecutors();
  throughput.runs(fast, "fast:0", plan(3), RUNS);
  const failed = { ...newAssignment(plan(2), 2), failed_at: new Set(["fast"]) };
  assert.equal(yields(inMs(500), [failed]), false);
  const owner = executorOf("fast", { owns: true });
  assert.equal(throughput.yields(owner, "x", queue(plan(2, "fast")), [owner, fast], inMs(500)), false);
});
