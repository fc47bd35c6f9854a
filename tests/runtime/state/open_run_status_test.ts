import assert from "node:assert/strict";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beginAttempt } from "../../../runtime/shard/attempts.ts";
import { scanRun } from "../../../runtime/state/scan.ts";
import { runStatus } from "../../../runtime/state/status.ts";
import local from "../../../schedulers/local.ts";
import { inventedOutput } from "../../fixtures/output.ts";
import { inventedRun, planOf, sampleAttempt, sampleRecord } from "../../fixtures/run.ts";
import { inFolder } from "../../support/scratch.ts";
import { MACHINE, runOf } from "../support/context.ts";

/** A local run of four shards of which nothing is done, with these attempts. */
async function opened(dir: string) {
  const manifest = { ...inventedRun(dir), scheduler: "local" };
  await mkdir(dir, { recursive: true });
  const run = runOf(dir, manifest);
  const statusWith = async (workers: string[]) =>
    runStatus(run, await scanRun(run, MACHINE, null), null, workers, local);
  return { run, manifest, look: statusWith };
}

Deno.test("status reports that nothing works on a run, with the next command: submit, or retry once a shard has ended", () =>
  inFolder(async (folder) => {
    const { run, manifest, look: statusWith } = await opened(join(folder, "r"));
    const fresh = await statusWith([]);
    assert.match(fresh.summary.advice.join("\n"), /^submit the remaining shards with: nsfarm-deno submit /);
    assert.equal(fresh.shards[0]?.why, "not submitted");
    const worked = await statusWith(["worker 7 (2 slots) is running here"]);
    assert.deepEqual([worked.summary.advice, worked.shards[0]?.why], [[], ""]);
    const end = sampleRecord(manifest, planOf(manifest, 1), { cause: "terminated" });
    beginAttempt(run.dir, sampleAttempt(manifest, planOf(manifest, 1), { end }));
    const stopped = await statusWith([]);
    assert.match(stopped.summary.advice.join("\n"), /^no process works on the run; continue with: nsfarm-deno retry /);
  }));

Deno.test("a shard whose process is gone and that left a whole output is not reported as without result", () =>
  inFolder(async (folder) => {
    const { run, manifest, look: statusWith } = await opened(join(folder, "r"));
    const plan = planOf(manifest, 2);
    beginAttempt(run.dir, sampleAttempt(manifest, plan));
    assert.equal((await statusWith([])).shards[2]?.why, "its process disappeared without a record");
    await mkdir(join(run.dir, "incoming"));
    await writeFile(join(run.dir, "incoming", "shard_2.1.out.json"), inventedOutput(manifest, plan));
    assert.equal(
      (await statusWith([])).shards[2]?.why,
      "its process is gone, but its output is complete: retry commits it",
    );
    await rm(join(run.dir, "incoming"), { recursive: true });
  }));
