import assert from "node:assert/strict";
import { eachPoint } from "../../../commands/sweep/each_point.ts";
import { EXIT_CODES } from "../../../core/errors.ts";
import type { PointEnd } from "../../../runtime/sweep/finish_point.ts";
import { loadSweep } from "../../../runtime/sweep/load.ts";
import { inventedSweep } from "../../runtime/support/invented_sweep.ts";
import { inFolder } from "../../support/scratch.ts";
import { keptOutput } from "../support/kept_output.ts";

Deno.test("the result of each run of a sweep is printed and recorded, and the worst of them is the exit code", () =>
  inFolder(async (folder) => {
    const open = await inventedSweep(folder);
    const codeOf = async (...ends: PointEnd[]) => {
      const left = [...ends];
      return await eachPoint(open, () => left.shift() ?? { state: "open", error: null }, keptOutput());
    };
    const done: PointEnd = { state: "done", error: null };
    const failed: PointEnd = { state: "failed", error: "no slot" };
    assert.equal(await codeOf(done, done), EXIT_CODES.done);
    assert.equal(await codeOf({ state: "done", error: "a guardrail failed" }, done), EXIT_CODES.guardrails);
    assert.equal(await codeOf(failed, { state: "done", error: "a guardrail failed" }), EXIT_CODES.shards);
    assert.deepEqual(loadSweep(open.path).document.runs.map((point) => point.farm?.error), [
      ...["no slot", "a guardrail failed"],
    ]);
    const out = keptOutput();
    await eachPoint(open, () => failed, out);
    assert.equal(out.printed.filter((line) => /^failed .*: no slot$/.test(line)).length, 2);
  }));
