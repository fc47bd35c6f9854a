import assert from "node:assert/strict";
import { cp, mkdir, readFile, rename, rm, truncate, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pointLine } from "../../../commands/sweep/each_point.ts";
import { SWEEP_SCHEMA } from "../../../core/schema/sweep.ts";
import { verifyRun } from "../../../runtime/merge/verify.ts";
import { writeArchive } from "../../../runtime/output/archive.ts";
import { verifyArchive } from "../../../runtime/output/verify_archive.ts";
import { collectRun } from "../../../runtime/state/collect.ts";
import { readRunFacts } from "../../../runtime/state/facts.ts";
import { loadSweep, pointDir, readSweepFacts } from "../../../runtime/sweep/load.ts";
import { inventedRun } from "../../fixtures/run.ts";
import { writeRun } from "../../fixtures/run_dir.ts";
import { filesBelow } from "../../support/files_below.ts";
import { inFolder } from "../../support/scratch.ts";
import { assertSameToys, type Json, readJson } from "../../support/toys.ts";
import { merge } from "../support/merging.ts";
import { NOW, oldManifest, oldRun, pythonRow, RUN_ID, writeManifest } from "../support/old_dir.ts";

/** A collected and merged old run, and a copy of it in which shard 3 is damaged and shard 1 is gone. */
async function damagedCopy(folder: string): Promise<{ dir: string; copy: string }> {
  const { dir } = await oldRun(folder);
  await collectRun(dir, null, NOW);
  await merge(dir);
  const copy = join(folder, "copy", RUN_ID);
  await mkdir(dirname(copy));
  await cp(dir, copy, { recursive: true });
  await truncate(join(copy, "shard_3.out.json"), 700);
  await rm(join(copy, "shard_1.out.json"));
  return { dir, copy };
}

Deno.test("verify, merge, archive, collect and report detect damage in a copy of a collected old run", () =>
  inFolder(async (folder) => {
    const { dir, copy } = await damagedCopy(folder);
    const before = await filesBelow(dir);
    const found = verifyRun(copy).findings;
    assert.deepEqual(found.map(({ file }) => file).slice(0, 2), ["shard_1.out.json", "shard_3.out.json"]);
    assert.match(found[1]?.what ?? "", /^is no JSON/);
    const report = await merge(copy);
    assert.equal(report.exit_code, 5);
    assert.deepEqual(report.problems.map(({ shard_index }) => shard_index), [1, 3]);
    await assert.rejects(writeArchive(copy, { out: null, allow_partial: false, inputs: true }), {
      kind: "shards",
      message: /shard_1\.out\.json/,
    });
    assert.deepEqual(readRunFacts(copy).shards.map(({ state }) => state), ["done", "failed", "done", "failed"]);
    assert.equal((await collectRun(copy, null, NOW)).counts.ok, 2);
    assert.deepEqual(await filesBelow(dir), before, "the original is as it was");
  }));

/** The Python scripts write of a merge neither how it was made nor whether it succeeded. */
async function asMergedByScripts(run: string): Promise<void> {
  const merged = Object(await readJson(join(run, "merged.out.json")));
  delete merged.merge.farm;
  await writeFile(join(run, "merged.out.json"), JSON.stringify(merged));
  await rm(join(run, "merge_status.json"), { force: true });
}

Deno.test("archive refuses an old run exactly where verify finds a fault, for the run and for a copy", () =>
  inFolder(async (folder) => {
    const { dir, copy } = await damagedCopy(folder);
    assert.deepEqual(verifyRun(dir).findings, []);
    await writeArchive(dir, { out: join(folder, "whole.tar"), allow_partial: false, inputs: true });
    await truncate(join(dir, "shard_2.out.json"), 700);
    for (const run of [dir, copy]) {
      await asMergedByScripts(run);
      assert(verifyRun(run).findings.length > 0);
      await assert.rejects(writeArchive(run, { out: join(folder, "none.tar"), allow_partial: false, inputs: true }), {
        kind: "shards",
      });
    }
  }));

Deno.test("an old run with a folder per host is archived with all its evidence", () =>
  inFolder(async (folder) => {
    const { dir, farm } = await oldRun(folder);
    const rows = farm.plans.map((plan) => pythonRow(dir, plan.shard_index));
    for (const [i, row] of rows.entries()) {
      const own = join(dir, "shards", `shard_00${i}_w${i}`);
      await mkdir(own, { recursive: true });
      await rename(join(dir, `shard_${i}.out.json`), join(own, "out.json"));
      await rename(join(dir, `shard_${i}.metrics.json`), join(own, "metrics.json"));
      const paths = { local_dir: own, local_output: join(own, "out.json"), local_metrics: join(own, "metrics.json") };
      rows[i] = Object.assign(Object(row), paths);
    }
    await writeManifest(dir, { ...oldManifest(farm), results: rows });
    await merge(dir);
    const { archive, missing } = await writeArchive(dir, { out: null, allow_partial: false, inputs: true });
    assert.deepEqual(missing, []);
    assert.deepEqual(verifyArchive(archive).findings, []);
    await rm(dir, { recursive: true });
    const tar = await new Deno.Command("tar", { args: ["-C", folder, "-xf", archive] }).output();
    assert(tar.success, new TextDecoder().decode(tar.stderr));
    await rename(dir, join(folder, "unpacked"));
    assert.deepEqual(verifyRun(join(folder, "unpacked")).findings, []);
  }));

Deno.test("an old run that was copied, renamed, collected and moved is found again", () =>
  inFolder(async (folder) => {
    const { dir } = await oldRun(folder);
    await collectRun(dir, null, NOW);
    await cp(dir, join(folder, "second"), { recursive: true });
    await collectRun(join(folder, "second"), null, NOW);
    await rename(join(folder, "second"), join(folder, "third"));
    await rm(join(folder, "third", "shard_2.out.json"));
    const report = await merge(join(folder, "third"));
    assert.deepEqual(report.problems.map(({ shard_index }) => shard_index), [2]);
  }));

Deno.test("a manifest collected from a copy into another folder leads to the copy, not to the original", () =>
  inFolder(async (folder) => {
    const manifest = inventedRun(join(folder, "invented"));
    await writeRun(manifest);
    const copy = join(folder, "copy");
    await cp(manifest.run_dir, copy, { recursive: true });
    await rm(join(copy, "shard_0.out.json"));
    await mkdir(join(folder, "elsewhere"));
    const path = join(folder, "elsewhere", "collected.json");
    await collectRun(copy, path, NOW);
    assert.equal(verifyRun(path).run_dir, copy);
    assert.equal(verifyRun(path).n_good, 3);
  }));

for (const isCollected of [false, true]) {
  const what = isCollected ? "rendered and collected" : "rendered";
  Deno.test(`a copy of a ${what} directory is independent of later changes of the original`, () =>
    inFolder(async (folder) => {
      const manifest = inventedRun(join(folder, "invented"));
      await mkdir(manifest.run_dir);
      await writeManifest(manifest.run_dir, manifest);
      if (isCollected) await collectRun(manifest.run_dir, null, NOW);
      const copy = join(folder, "copy");
      await cp(manifest.run_dir, copy, { recursive: true });
      await writeRun(manifest);
      const before = await filesBelow(manifest.run_dir);
      const { n_good, run_dir } = verifyRun(copy);
      assert.deepEqual([n_good, run_dir], [0, copy]);
      assert.equal((await collectRun(copy, null, NOW)).counts.ok, 0);
      assert.equal((await merge(copy)).exit_code, 5);
      assert.deepEqual(await filesBelow(manifest.run_dir), before, "the original is as it was");
    }));
}

/** A sweep of two runs of made-up toys, as the Python scripts write its document. */
async function sweepIn(root: string): Promise<string> {
  const runs: Json[] = [];
  for (const shards of [2, 4]) {
    const dir = join(root, `q_sh${shards}`);
    await writeRun(inventedRun(dir, { shards }));
    runs.push({ shards, run_id: `q_sh${shards}`, run_dir: dir });
  }
  const path = join(root, "q.sweep.json");
  const document = {
    schema_version: SWEEP_SCHEMA,
    created_at_utc: NOW,
    sweep_id: "q",
    scheduler: "local",
    config: join(root, "spec.json"),
    n_toys: 20,
    seed: 42,
    threads: 1,
    nextstat_bin: "/shared/bin/nextstat",
    out_root: root,
    runs,
  };
  await writeFile(path, JSON.stringify(document));
  return path;
}

const dirsOf = (path: string) => {
  const open = loadSweep(path);
  return open.document.runs.map((point) => pointDir(open, point));
};

Deno.test("--out of a run never writes into a copy of the run, which may be another run by then", () =>
  inFolder(async (folder) => {
    const [dir, copy] = [join(folder, "r"), join(folder, "copy")];
    await writeRun(inventedRun(dir));
    await merge(dir);
    await cp(dir, copy, { recursive: true });
    const before = await filesBelow(copy);
    const error = { kind: "usage", message: /the run keeps one of its own files there/ };
    await assert.rejects(collectRun(dir, join(copy, "manifest.json"), NOW), error);
    await assert.rejects(merge(dir, { out: join(copy, "merged.out.json") }), error);
    assert.deepEqual(await filesBelow(copy), before);
  }));

Deno.test("the runs of a copied sweep are those in the copy, also where one of them is damaged or missing", () =>
  inFolder(async (folder) => {
    const path = await sweepIn(join(folder, "S"));
    const copy = join(folder, "S2");
    await cp(join(folder, "S"), copy, { recursive: true });
    await writeFile(join(copy, "q_sh2", "shard_0.out.json"), "{}");
    assert.deepEqual(dirsOf(join(copy, "q.sweep.json")), [join(copy, "q_sh2"), join(copy, "q_sh4")]);
    const [first] = readSweepFacts(loadSweep(join(copy, "q.sweep.json")));
    assert.deepEqual(first?.facts?.shards.map(({ state }) => state), ["failed", "done"]);
    await rm(join(copy, "q_sh4"), { recursive: true });
    assert.deepEqual(dirsOf(join(copy, "q.sweep.json")), [join(copy, "q_sh2"), join(copy, "q_sh4")]);
    assert.deepEqual(dirsOf(path), [join(folder, "S", "q_sh2"), join(folder, "S", "q_sh4")]);
    const open = loadSweep(join(copy, "q.sweep.json"));
    const lines = open.document.runs.map((point) => pointLine(open, point, { state: "done", error: null }));
    assert.deepEqual(lines, ["q_sh2", "q_sh4"].map((id) => `done    ${join(copy, id)}`));
  }));

Deno.test("the paths in a sweep's document are used where it lies apart from all its runs", () =>
  inFolder(async (folder) => {
    const path = await sweepIn(join(folder, "S"));
    await mkdir(join(folder, "elsewhere"));
    await rename(path, join(folder, "elsewhere", "q.sweep.json"));
    assert.deepEqual(
      dirsOf(join(folder, "elsewhere", "q.sweep.json")),
      ["q_sh2", "q_sh4"].map((id) => join(dirname(path), id)),
    );
  }));

Deno.test("a run outside its sweep's folder keeps its path when the sweep is copied", () =>
  inFolder(async (folder) => {
    const path = await sweepIn(join(folder, "S"));
    const outside = join(folder, "other", "q_sh2");
    await mkdir(dirname(outside));
    await rename(join(folder, "S", "q_sh2"), outside);
    const text = await readFile(path, "utf8");
    await writeFile(path, text.replace(join(folder, "S", "q_sh2"), outside));
    await cp(join(folder, "S"), join(folder, "S2"), { recursive: true });
    assert.deepEqual(dirsOf(join(folder, "S2", "q.sweep.json")), [outside, join(folder, "S2", "q_sh4")]);
  }));

Deno.test("an old run that was copied and lost its manifest's directory merges to the same toys", () =>
  inFolder(async (folder) => {
    const { dir } = await oldRun(folder);
    await collectRun(dir, null, NOW);
    const first = await readJson((await merge(dir)).merged ?? "");
    await cp(dir, join(folder, "copy"), { recursive: true });
    await rm(dir, { recursive: true });
    assertSameToys(await readJson((await merge(join(folder, "copy"))).merged ?? ""), first);
  }));
