import assert from "node:assert/strict";
import { rename } from "node:fs/promises";
import { join } from "node:path";
import { openForStates, openRun } from "../../../runtime/run/load_manifest.ts";
import { collectRun } from "../../../runtime/state/collect.ts";
import { inventedRun } from "../../fixtures/run.ts";
import { writeRun } from "../../fixtures/run_dir.ts";
import { inFolder } from "../../support/scratch.ts";

Deno.test("for states a collected run is opened without its rows, a moved one with them", () =>
  inFolder(async (folder) => {
    const manifest = inventedRun(join(folder, "r"));
    await writeRun(manifest);
    const { run_dir: dir } = manifest;
    assert.deepEqual(openForStates(dir), openRun(dir));
    await collectRun(dir, null, "2026-11-25T00:00:00Z");
    const { manifest: whole, ...run } = openRun(dir);
    assert.equal(whole.results?.length, manifest.plans.length);
    assert.deepEqual(openForStates(dir), { ...run, manifest: { ...whole, results: [] } });
    await rename(dir, join(folder, "moved"));
    assert.deepEqual(openForStates(join(folder, "moved")), openRun(join(folder, "moved")));
  }));
