import assert from "node:assert/strict";
import { generationsOf, isEarlierExecution, isOfEarlier } from "../../core/earlier_submission.ts";

const TOKENS = [["a"], ["b"], ["c"]];

Deno.test("a submission comes before those that were recorded after it, and not before itself", () => {
  assert.equal(isOfEarlier(TOKENS, "a", "c"), true);
  assert.equal(isOfEarlier(TOKENS, "b", "b"), false);
  assert.equal(isOfEarlier(TOKENS, "c", "a"), false);
});

Deno.test("pilots that join a run are of the generation that runs, so that they leave its attempts alone", () => {
  const generations = generationsOf([{ token: "a" }, { token: "b" }, { token: "c", joins: true }, { token: "d" }]);
  assert.deepEqual(generations, [["a"], ["b", "c"], ["d"]]);
  assert.equal(isOfEarlier(generations, "b", "c"), false);
  assert.equal(isOfEarlier(generations, "c", "b"), false);
  assert.equal(isOfEarlier(generations, "a", "c"), true);
  assert.equal(isOfEarlier(generations, "c", "d"), true);
});

Deno.test("an attempt without a recorded submission is unknown", () => {
  for (const its of [null, "typed", ""]) assert.equal(isOfEarlier(TOKENS, its, "a"), null);
});

Deno.test("nothing precedes a submission that is not recorded", () => {
  for (const ours of [null, "typed", ""]) {
    for (const its of [null, "typed", "a"]) assert.equal(isOfEarlier(TOKENS, its, ours), false);
  }
  assert.equal(isOfEarlier([], null, null), false);
});

Deno.test("an attempt of the same job belongs to an earlier execution; one of another task, job or submission does not", () => {
  const ours = { job_id: "12", task_id: "3", submission_token: "a" };
  assert.equal(isEarlierExecution({ ...ours }, ours), true);
  for (const other of [{ job_id: "13" }, { task_id: "4" }, { task_id: null }, { submission_token: "b" }]) {
    assert.equal(isEarlierExecution({ ...ours, ...other }, ours), false);
  }
});

Deno.test("outside of a job no attempt belongs to an earlier execution", () => {
  for (const ours of [{ job_id: null, submission_token: "a" }, { job_id: "12", submission_token: null }]) {
    assert.equal(isEarlierExecution({ ...ours, task_id: null }, { ...ours, task_id: null }), false);
  }
});
