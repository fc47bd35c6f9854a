import assert from "node:assert/strict";
import { mkdir, readFile, rename, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { collectRun } from "../../../runtime/state/collect.ts";
import { readRunFacts } from "../../../runtime/state/facts.ts";
import { inventedOutput } from "../../fixtures/output.ts";
import { inFolder } from "../../support/scratch.ts";
import { assertSameToys, at, readJson } from "../../support/toys.ts";
import { merge } from "../support/merging.ts";
import { NOW, oldManifest, oldRun, pythonRow, RUN_ID, writeManifest } from "../support/old_dir.ts";

Deno.test("an old run directory merges to the unsharded result, with the hosts of its side files", () =>
  inFolder(async (folder) => {
    const { dir, farm } = await oldRun(folder);
    const report = await merge(dir);
    assert.equal(report.exit_code, 0, report.notes.join("\n"));
    const merged = await readJson(join(dir, "merged.out.json"));
    assertSameToys(merged, JSON.parse(inventedOutput(farm)));
    assert.deepEqual(at(merged, "merge.farm.hosts"), ["w0", "w1", "w2", "w3"]);
    assert.equal(at(merged, "merge.manifest.run_id"), RUN_ID);
    assert.equal(report.times?.makespan_s, null);
    assert.equal(report.times?.max_shard_elapsed_s, 4);
  }));

Deno.test("merge, collect and report have no longest shard where one shard of an old run has no duration", () =>
  inFolder(async (folder) => {
    const { dir } = await oldRun(folder);
    await rm(join(dir, "shard_3.elapsed_s"));
    const times = [(await merge(dir)).times, (await collectRun(dir, null, NOW)).times, readRunFacts(dir).times];
    assert.deepEqual(times.map((one) => one?.max_shard_elapsed_s), [null, null, null]);
  }));

Deno.test("collect writes the rows of the Python scripts for an old run, and keeps unknown members", () =>
  inFolder(async (folder) => {
    const { dir } = await oldRun(folder);
    const before = JSON.parse(await readFile(join(dir, "manifest.json"), "utf8"));
    const report = await collectRun(dir, null, NOW);
    assert.equal(report.counts.ok, 4);
    const manifest = JSON.parse(await readFile(join(dir, "manifest.json"), "utf8"));
    assert.deepEqual(manifest.results, [0, 1, 2, 3].map((i) => pythonRow(dir, i)));
    assert.deepEqual(Object.keys(manifest.results[0]), Object.keys(Object(pythonRow(dir, 0))));
    assert.deepEqual(manifest, { ...before, results: manifest.results, collected_at_utc: NOW });
  }));

const STATUS: { name: string; spoil: (base: string) => Promise<unknown>; row: Record<string, unknown> }[] = [
  {
    name: "an exit code other than 0",
    spoil: (base) => writeFile(`${base}.rc`, "3"),
    row: { status: "failed", rc: 3 },
  },
  {
    name: "an exit code other than 0 of a failed guardrail with a whole output",
    spoil: async (base) => {
      await writeFile(`${base}.rc`, "1");
      const text = await readFile(`${base}.out.json`, "utf8");
      await writeFile(`${base}.out.json`, text.replace('"passed": true', '"passed": false'));
    },
    row: { status: "ok", rc: 1 },
  },
  {
    name: "a truncated output with exit code 0",
    spoil: (base) => truncate(`${base}.out.json`, 700),
    row: { status: "failed", rc: 0 },
  },
  {
    name: "no output, and an exit code",
    spoil: async (base) => {
      await rm(`${base}.out.json`);
      await writeFile(`${base}.rc`, "137");
    },
    row: { status: "failed", rc: 137 },
  },
  {
    name: "no output and no exit code",
    spoil: async (base) => {
      await rm(`${base}.out.json`);
      await rm(`${base}.rc`);
    },
    row: { status: undefined, rc: null, farm: { state: "unknown" } },
  },
  { name: "an output without an exit code", spoil: (base) => rm(`${base}.rc`), row: { status: "ok", rc: null } },
];

for (const { name, spoil, row } of STATUS) {
  Deno.test(`an old shard with ${name} is ${row.status ?? "of unknown state"}`, () =>
    inFolder(async (folder) => {
      const { dir } = await oldRun(folder);
      await spoil(join(dir, "shard_1"));
      const report = await collectRun(dir, null, NOW);
      const manifest = JSON.parse(await readFile(join(dir, "manifest.json"), "utf8"));
      for (const [member, wanted] of Object.entries(row)) assert.deepEqual(manifest.results[1][member], wanted, member);
      assert.equal(report.not_ok.length, row.status === "ok" ? 0 : 1);
      assert.equal((await merge(dir)).exit_code, row.status === "ok" ? 0 : 5);
    }));
}

Deno.test("an old run that was collected and then moved merges from its manifest's directory", () =>
  inFolder(async (folder) => {
    const { dir, farm } = await oldRun(folder);
    await collectRun(dir, null, NOW);
    await mkdir(join(folder, "archive"));
    await rename(dir, join(folder, "archive", "other_name"));
    const report = await merge(join(folder, "archive", "other_name"));
    assert.equal(report.exit_code, 0, report.notes.join("\n"));
    assertSameToys(await readJson(report.merged ?? ""), JSON.parse(inventedOutput(farm)));
  }));

Deno.test("a manifest that was collected into another folder still leads to the old run's shards", () =>
  inFolder(async (folder) => {
    const { dir } = await oldRun(folder);
    await mkdir(join(folder, "elsewhere"));
    const manifest = join(folder, "elsewhere", "collected.json");
    await collectRun(dir, manifest, NOW);
    assert.equal((await merge(manifest, { out: join(folder, "x.json") })).exit_code, 0);
  }));

Deno.test("outputs in a folder for each host are found by results[], as the ssh runner leaves them", () =>
  inFolder(async (folder) => {
    const { dir, farm } = await oldRun(folder);
    const manifest = { ...oldManifest(farm), results: farm.plans.map((plan) => pythonRow(dir, plan.shard_index)) };
    for (const result of manifest.results) {
      assert.ok(typeof result === "object" && result !== null && !Array.isArray(result));
      const i = Number(result["shard_index"]);
      const own = join(dir, "shards", `shard_00${i}_w${i}`);
      await mkdir(own, { recursive: true });
      await rename(join(dir, `shard_${i}.out.json`), join(own, "out.json"));
      Object.assign(result, { local_dir: own, local_output: join(own, "out.json") });
    }
    await writeManifest(dir, manifest);
    assert.equal((await merge(dir)).exit_code, 0);
    await rename(dir, join(folder, "moved"));
    assert.equal((await merge(join(folder, "moved"))).exit_code, 0);
  }));

const LEAVES: { name: string; path: (dir: string) => string | Promise<string> }[] = [
  { name: "/etc/passwd", path: () => "/etc/passwd" },
  { name: "../x", path: () => "../../etc/x.json" },
  { name: "a way out of the old place", path: (dir) => `${dir}/../other/shard_1.out.json` },
  {
    name: "a link to another folder",
    path: async (dir) => {
      const other = join(dir, "..", "other");
      await mkdir(other);
      await rename(join(dir, "shard_1.out.json"), join(other, "shard_1.out.json"));
      await symlink(other, join(dir, "inside"));
      return join(dir, "inside", "shard_1.out.json");
    },
  },
];

for (const { name, path } of LEAVES) {
  Deno.test(`a local_output that leaves the run directory (${name}) is a bad input file`, () =>
    inFolder(async (folder) => {
      const { dir, farm } = await oldRun(folder);
      const row = { ...Object(pythonRow(dir, 1)), local_output: await path(dir) };
      await writeManifest(dir, { ...oldManifest(farm), results: [row] });
      await assert.rejects(merge(dir), {
        kind: "input",
        message: /results\[\] of shard 1.*is outside the run directory/,
      });
    }));
}

Deno.test("a run_dir that is no folder of the run's name gives no permission to read elsewhere", () =>
  inFolder(async (folder) => {
    const { dir, farm } = await oldRun(folder);
    const row = { ...Object(pythonRow(dir, 1)), local_output: "/etc/hostname" };
    await writeManifest(dir, { ...oldManifest(farm), run_dir: "/", results: [row] });
    await assert.rejects(merge(dir), { kind: "input" });
  }));
