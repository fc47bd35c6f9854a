import assert from "node:assert/strict";
import { ADVICE, remedyOf } from "../../core/advice.ts";
import { FAILURES, triesAgain } from "../../core/failure.ts";
import { CAUSES, SHARD_STATES } from "../../core/schema/enums.ts";
import { isEnded, isGoingOn, isWaiting, STATES } from "../../core/shard_states.ts";

Deno.test("a worker loop retries only a killed fit and a lost output, once each", () => {
  assert.deepEqual(CAUSES.filter((cause) => triesAgain(cause, 1)), ["signal", "output"]);
  assert.deepEqual(CAUSES.filter((cause) => triesAgain(cause, 2)), []);
});

Deno.test("a failure that may be the machine's is retried once on another machine, if there is one", () => {
  const elsewhere = CAUSES.filter((cause) => triesAgain(cause, 1, true));
  assert.deepEqual(elsewhere, ["exit", "signal", "memory", "output", "toys"]);
  assert.deepEqual(CAUSES.filter((cause) => triesAgain(cause, 2, true)), []);
});

Deno.test("a fault of the machine or the run stops a worker loop, a fault of the shard does not", () => {
  assert.deepEqual(CAUSES.filter((cause) => FAILURES[cause].stops_worker), ["disk", "spawn", "version"]);
});

Deno.test("each cause has words and a remedy with advice, and the table has no other causes", () => {
  assert.deepEqual(Object.keys(FAILURES), [...CAUSES]);
  for (const cause of CAUSES) {
    assert.ok(FAILURES[cause].words.length > 5, cause);
    const remedy = remedyOf({ state: "failed", cause, why: null }, { refusal: null });
    assert.equal(remedy, FAILURES[cause].remedy ?? "other");
    assert.ok(ADVICE[remedy].length > 10, cause);
  }
});

Deno.test("Each state of a shard is in one phase", () => {
  assert.deepEqual(Object.keys(STATES), [...SHARD_STATES]);
  assert.deepEqual(SHARD_STATES.filter(isWaiting), ["queued", "held"]);
  assert.deepEqual(SHARD_STATES.filter(isGoingOn), ["running", "unknown"]);
  const ended = ["failed", "cancelled", "timed_out", "out_of_memory", "preempted", "lost"];
  assert.deepEqual(SHARD_STATES.filter(isEnded), ended);
});

Deno.test("the remedy of a state has priority over the cause of an earlier attempt", () => {
  const of = (change: Partial<Parameters<typeof remedyOf>[0]>) =>
    remedyOf({ state: "failed", cause: "exit", why: null, ...change }, { refusal: null });
  assert.deepEqual([of({ state: "timed_out" }), of({ state: "out_of_memory" }), of({ state: "held" })], [
    "time",
    "memory",
    "held",
  ]);
  assert.deepEqual([of({ state: "cancelled", cause: "disk" }), of({}), of({ times: 2 })], ["disk", "other", "again"]);
  assert.equal(of({ cause: "version", times: 2 }), "inputs");
});
