import assert from "node:assert/strict";
import { ONE_BLAS_THREAD, recordedEnvironment, recordedVariables } from "../../core/record.ts";
import { IN_JOBS as BUILT_IN_JOBS } from "../../schedulers/mod.ts";

const IN_JOBS = Object.values(BUILT_IN_JOBS);

Deno.test("only listed variables are recorded, each at most 200 characters long", () => {
  const kept = recordedEnvironment({
    SLURM_JOB_ID: "7",
    LANG: "x".repeat(500),
    AWS_SECRET_ACCESS_KEY: "s",
    HOME: "/h",
    constructor: "c",
    TOY_QUEUE: "q",
  }, IN_JOBS);
  assert.deepEqual(kept, { LANG: "x".repeat(200), SLURM_JOB_ID: "7" });
});

Deno.test("no listed variable can contain a secret, a path or a token", () => {
  assert.deepEqual(recordedVariables(IN_JOBS).filter((name) => /KEY|TOKEN|SECRET|PASS|PATH|HOME|USER/.test(name)), []);
});

Deno.test("all libraries use one thread, which is recorded", () => {
  const names = recordedVariables([]);
  assert.deepEqual(Object.values(ONE_BLAS_THREAD), ["1", "1", "1", "1", "1"]);
  assert.ok(Object.keys(ONE_BLAS_THREAD).every((name) => names.includes(name)));
});
