import assert from "node:assert/strict";
import type { Plan } from "../../../core/schema/manifest.ts";
import type { Executor } from "../../../runtime/worker/executor.ts";
import { newAssignment, ShardQueue } from "../../../runtime/worker/queue.ts";
import { executorOf, plan } from "../support/executors.ts";

const queueOf = (...plans: Plan[]) => {
  const queue = new ShardQueue();
  for (const one of plans) queue.add(newAssignment(one, 1));
  return queue;
};
const AGAIN = { again: true, counts: true };

Deno.test("shards are assigned in their order, each once", () => {
  const [a, queue] = [executorOf("a"), queueOf(plan(0), plan(1))];
  assert.deepEqual([0, 1, 2].map(() => queue.take(a, [a])?.plan.shard_index), [0, 1, undefined]);
  assert(!queue.isSettled);
  assert.deepEqual([queue.done(0), queue.done(0), queue.done(1)], [true, false, true]);
  assert(queue.isSettled);
});

Deno.test("a shard that failed on one executor waits for another that is ready, and is retried there if there is none", () => {
  const [a, b, away] = [executorOf("a"), executorOf("b"), executorOf("b", { ready: false })];
  const queue = queueOf(plan(0));
  const assignment = queue.take(a, [a, b]);
  assert(assignment);
  queue.release(assignment);
  queue.failedAt(assignment, "a", AGAIN);
  assert.equal(queue.take(a, [a, b]), undefined);
  assert.equal(queue.take(a, [a, away])?.attempt, 2);
});

Deno.test("a share waits for its executor, until that is given up", () => {
  const [a, b] = [executorOf("a", { owns: true }), executorOf("b", { owns: true, ready: false })];
  const gone = executorOf("b", { owns: true, ready: false, expected: false });
  const queue = queueOf(plan(0, "b"));
  assert.equal(queue.take(a, [a, b]), undefined);
  assert.equal(queue.take(a, [a, gone])?.plan.shard_index, 0);
});

Deno.test("an executor first runs the shards that were sized for it, then those of others", () => {
  const [a, b] = [executorOf("a"), executorOf("b")];
  const sized = (shard: number, sized_for: string) => ({ ...plan(shard), farm: { sized_for } });
  const queue = queueOf(sized(0, "b"), sized(1, "a"), sized(2, "b"), sized(3, "a"));
  assert.deepEqual(queue.queuedFor(a, [a, b]).map(({ plan }) => plan.shard_index), [1, 0, 2, 3]);
  assert.deepEqual([0, 1, 2, 3].map(() => queue.take(a, [a, b])?.plan.shard_index), [1, 3, 0, 2]);
});

Deno.test("of two attempts of a shard the failure of one changes nothing, and the second success is reported as such", () => {
  const [a, queue] = [executorOf("a"), queueOf(plan(0))];
  const first = queue.take(a, [a]);
  assert(first);
  const second = queue.speculate(newAssignment(plan(0), 2));
  queue.release(first);
  queue.failedAt(first, "a", AGAIN);
  assert.equal(queue.take(a, [a]), undefined);
  queue.release(second);
  assert(queue.done(0));
  assert(!queue.done(0));
});

Deno.test("a finished shard is not opened again by an earlier observation, so that nobody waits for it in vain", () => {
  const [a, queue] = [executorOf("a"), queueOf(plan(0))];
  assert(queue.done(0));
  queue.taken(plan(0));
  queue.add(newAssignment(plan(0), 2));
  assert(queue.isSettled && !queue.hasTaken);
  assert.equal(queue.take(a, [a]), undefined);
});

Deno.test("a shard is late when others have had it for long enough, and is reported only once", () => {
  const queue = queueOf();
  queue.taken(plan(3));
  assert.equal(queue.takenLongerThan(100, 1000), undefined);
  assert.equal(queue.takenLongerThan(100, 1099), undefined);
  assert.equal(queue.takenLongerThan(100, 1100)?.shard_index, 3);
  assert.equal(queue.takenLongerThan(100, 5000), undefined);
});

Deno.test("waiting code is notified of each change", async () => {
  const queue = queueOf(plan(0));
  const reported = queue.change();
  queue.done(0);
  await reported;
});

/** The shard's failure on an executor, as the loop reports it. */
function fail(
  queue: ShardQueue,
  executor: Executor,
  executors: readonly Executor[],
  change = AGAIN,
): number | undefined {
  const assignment = queue.take(executor, executors);
  if (!assignment) return undefined;
  queue.release(assignment);
  queue.failedAt(assignment, executor.name, change);
  return assignment.attempt;
}

Deno.test("a shard that failed on every ready executor is retried, without a wait for one that failed it too", () => {
  const [a, b] = [executorOf("a"), executorOf("b")];
  const queue = queueOf(plan(0));
  assert.deepEqual([fail(queue, a, [a, b]), fail(queue, b, [a, b])], [1, 2]);
  assert.equal(queue.take(a, [a, b])?.attempt, 3);
});

Deno.test("a share that failed on its executor is retried there, although others are ready", () => {
  const [a, b] = [executorOf("a", { owns: true }), executorOf("b", { owns: true })];
  const queue = queueOf(plan(0, "a"));
  assert.equal(fail(queue, a, [a, b]), 1);
  assert.equal(queue.take(b, [a, b]), undefined);
  assert.equal(queue.take(a, [a, b])?.attempt, 2);
});

Deno.test("a shard of a silent executor is open again; the late failure of its first attempt changes nothing, its late success counts", () => {
  const [a, b] = [executorOf("a"), executorOf("b")];
  const queue = queueOf(plan(0));
  const first = queue.take(a, [a, b]);
  assert(first);
  queue.abandon(0, first.attempt);
  const second = queue.take(b, [a, b]);
  assert.equal(second?.attempt, 2);
  queue.release(first);
  queue.failedAt(first, "a", { again: false, counts: true });
  assert(!queue.isSettled);
  assert(queue.done(0));
  assert(queue.isSettled);
});

Deno.test("a shard that fails again after its executor fell silent is given up like any other", () => {
  const [a, b] = [executorOf("a"), executorOf("b")];
  const queue = queueOf(plan(0));
  const first = queue.take(a, [a, b]);
  assert(first);
  queue.abandon(0, first.attempt);
  assert.equal(fail(queue, b, [a, b], { again: false, counts: true }), 2);
  assert.deepEqual(queue.report().failed, [0]);
});
