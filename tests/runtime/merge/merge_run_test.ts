import fc from "fast-check";
import assert from "node:assert/strict";
import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { summedCheckOf } from "../../../runtime/merge/check_merged.ts";
import { loadRun } from "../../../runtime/run/load_manifest.ts";
import { collectRun } from "../../../runtime/state/collect.ts";
import { inventedOutput } from "../../fixtures/output.ts";
import { NO_GUARDRAILS } from "../../../core/merge/guardrails.ts";
import { inventedRun } from "../../fixtures/run.ts";
import { writeRun } from "../../fixtures/run_dir.ts";
import { inFolder } from "../../support/scratch.ts";
import { arrayAt, assertClose, assertSameToys, at, readJson } from "../../support/toys.ts";
import { cutPlan } from "../support/fitted_run.ts";
import { merge, mergedText } from "../support/merging.ts";

const withoutFarm = (text: string) => text.slice(0, text.indexOf(',\n  "merge": {'));

Deno.test("a run merges to the unsharded result, however it is split and cut", () =>
  inFolder(async (folder) => {
    const split = fc.record({
      n_toys: fc.integer({ min: 1, max: 60 }),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
      cuts: fc.array(fc.nat(), { maxLength: 4 }),
      pulls: fc.boolean(),
      faults: fc.boolean(),
    });
    let n = 0;
    const property = fc.asyncProperty(split, async ({ n_toys, share, cuts, pulls, faults }) => {
      const shards = 1 + Math.floor(share * (n_toys - 1));
      const manifest = inventedRun(join(folder, `r${n++}`, "invented"), { n_toys, shards, pulls, faults });
      for (const cut of cuts) {
        const live = manifest.plans.filter((plan) => !plan.farm?.replaced_by && plan.n_toys > 1);
        const plan = live[cut % Math.max(1, live.length)];
        if (plan) cutPlan(manifest, plan.shard_index);
      }
      await writeRun(manifest);
      await merge(manifest.run_dir);
      const merged = await readJson(join(manifest.run_dir, "merged.out.json"));
      assertSameToys(merged, JSON.parse(inventedOutput(manifest)));
    });
    await fc.assert(property, { numRuns: 60 });
  }));

Deno.test("the same outputs merge to the same bytes in every order", () =>
  inFolder(async (folder) => {
    const manifest = inventedRun(join(folder, "invented"), { n_toys: 40, shards: 7 });
    await writeRun(manifest);
    const paths = manifest.plans.map((plan) => join(manifest.run_dir, `shard_${plan.shard_index}.out.json`));
    const out = join(folder, "all.json");
    const first = await mergedText(await merge(null, { inputs: paths, out }));
    const property = fc.asyncProperty(fc.shuffledSubarray(paths, { minLength: paths.length }), async (inputs) => {
      assert.equal(await mergedText(await merge(null, { inputs, out })), first);
    });
    await fc.assert(property, { numRuns: 20 });
    assert.equal(withoutFarm(await mergedText(await merge(manifest.run_dir))), withoutFarm(first));
  }));

Deno.test("two merges of a run are identical", () =>
  inFolder(async (folder) => {
    const manifest = inventedRun(join(folder, "invented"));
    await writeRun(manifest);
    assert.equal(await mergedText(await merge(manifest.run_dir)), await mergedText(await merge(manifest.run_dir)));
  }));

Deno.test("a run that was moved merges as it did before", () =>
  inFolder(async (folder) => {
    const manifest = inventedRun(join(folder, "invented"));
    await writeRun(manifest);
    const before = await mergedText(await merge(manifest.run_dir));
    await cp(manifest.run_dir, join(folder, "moved"), { recursive: true });
    await rm(manifest.run_dir, { recursive: true });
    assert.equal(withoutFarm(await mergedText(await merge(join(folder, "moved")))), withoutFarm(before));
  }));

Deno.test("a manifest that was collected elsewhere leads to the shards of its run", () =>
  inFolder(async (folder) => {
    const manifest = inventedRun(join(folder, "invented"));
    await writeRun(manifest);
    await mkdir(join(folder, "elsewhere"));
    const path = join(folder, "elsewhere", "manifest.json");
    await collectRun(manifest.run_dir, path, "2026-11-24T19:01:13.121Z");
    assert.equal((await merge(path)).exit_code, 0);
  }));

Deno.test("a missing shard refuses the merge, names the shard and leaves no merged document", () =>
  inFolder(async (folder) => {
    const manifest = inventedRun(join(folder, "invented"));
    await writeRun(manifest);
    await rm(join(manifest.run_dir, "shard_2.metrics.json"));
    await rm(join(manifest.run_dir, "shard_2.out.json"));
    const report = await merge(manifest.run_dir);
    assert.equal(report.exit_code, 5);
    assert.deepEqual(report.problems, [{ shard_index: 2, what: "shard_2.out.json is not there" }]);
    assert.deepEqual(report.missing, [{ toy_start: 10, n_toys: 5, seed: 52 }]);
    const names = await readdir(manifest.run_dir);
    assert.ok(!names.includes("merged.out.json") && names.includes("merge_status.json"));
    const status = await readJson(join(manifest.run_dir, "merge_status.json"));
    assert.equal(at(status, "ok"), false);
    assertClose(at(status, "problems"), [{ shard_index: 2, what: "shard_2.out.json is not there" }], 0);
  }));

Deno.test("--allow-partial merges the valid shards and lists the missing ones in the document", () =>
  inFolder(async (folder) => {
    const manifest = inventedRun(join(folder, "invented"));
    await writeRun(manifest);
    await rm(join(manifest.run_dir, "shard_1.out.json"));
    const report = await merge(manifest.run_dir, { allow_partial: true });
    assert.equal(report.exit_code, 0);
    assert.ok(report.partial && report.n_toys_merged === 15 && report.notes[0]?.includes("15 of 20 toys"));
    const merged = await readJson(join(manifest.run_dir, "merged.out.json"));
    assert.equal(at(merged, "merge.farm.partial"), true);
    assertClose(at(merged, "merge.farm.missing"), [{ toy_start: 5, n_toys: 5, seed: 47 }], 0);
    assert.equal(arrayAt(merged, "results.poi_hat").length, 15);
    const whole = JSON.parse(inventedOutput(manifest)).results.poi_hat;
    assert.deepEqual(arrayAt(merged, "results.poi_hat"), [...whole.slice(0, 5), ...whole.slice(10)]);
    assert.equal(at(merged, "gen.n_toys"), 20);
  }));

Deno.test("--allow-partial without any valid shard is refused", () =>
  inFolder(async (folder) => {
    const manifest = inventedRun(join(folder, "invented"));
    await writeRun(manifest);
    for (const plan of manifest.plans) await rm(join(manifest.run_dir, `shard_${plan.shard_index}.out.json`));
    for (const allow_partial of [false, true]) {
      const { exit_code, notes } = await merge(manifest.run_dir, { allow_partial });
      assert.equal(exit_code, 5);
      assert.doesNotMatch(notes.join("\n"), /--allow-partial/, "it would merge nothing either");
    }
  }));

Deno.test("--input without one shard of the run is refused, and the missing seeds are named", () =>
  inFolder(async (folder) => {
    const manifest = inventedRun(join(folder, "invented"));
    await writeRun(manifest);
    const inputs = [0, 1, 3].map((i) => join(manifest.run_dir, `shard_${i}.out.json`));
    const report = await merge(null, { inputs, out: join(folder, "x.json") });
    assert.equal(report.exit_code, 5);
    assert.match(report.problems.map((one) => one.what).join(), /seeds 52-56 are in none/);
  }));

Deno.test("--input of overlapping seeds is refused, also with --allow-partial", () =>
  inFolder(async (folder) => {
    const [a, b] = [
      inventedRun(join(folder, "a", "invented")),
      inventedRun(join(folder, "b", "invented"), { seed: 50 }),
    ];
    for (const manifest of [a, b]) await writeRun(manifest);
    const inputs = [a, b].flatMap((one) => [0, 1, 2, 3].map((i) => join(one.run_dir, `shard_${i}.out.json`)));
    for (const allow_partial of [false, true]) {
      const report = await merge(null, { inputs, out: join(folder, "x.json"), allow_partial });
      assert.equal(report.exit_code, 5);
      assert.match(report.problems.map((one) => one.what).join(), /holds toys that .* holds too/);
      assert.doesNotMatch(report.notes.join("\n"), /--allow-partial/);
      assert.match(report.notes.at(-1) ?? "", /^leave out one of the outputs that hold the same toys/);
    }
  }));

Deno.test("a merge has times only where all of its outputs have times", () =>
  inFolder(async (folder) => {
    const manifest = inventedRun(join(folder, "invented"));
    await writeRun(manifest);
    const [first = "", ...others] = [0, 1, 2, 3].map((i) => join(manifest.run_dir, `shard_${i}.out.json`));
    const whole = await merge(null, { inputs: [first, ...others], out: join(folder, "whole.json") });
    assert.ok(whole.times?.makespan_s && whole.times.max_shard_elapsed_s);
    const own = join(folder, "first.json");
    await merge(null, { inputs: [first], out: own, allow_partial: true });
    const of_merged = await merge(null, { inputs: [own, ...others], out: join(folder, "x.json") });
    await rm(join(manifest.run_dir, "shard_0.metrics.json"));
    const unrecorded = await merge(manifest.run_dir, { accept_unrecorded: true });
    for (const { exit_code, n_toys_merged, times } of [of_merged, unrecorded]) {
      assert.ok(times);
      const { makespan_s, toys_per_s, max_shard_elapsed_s, turnaround_s, waves } = times;
      assert.deepEqual([exit_code, n_toys_merged], [0, 20]);
      assert.deepEqual([makespan_s, toys_per_s, max_shard_elapsed_s, turnaround_s, waves], Array(5).fill(null));
    }
  }));

Deno.test("--input of two runs with seeds side by side makes one set", () =>
  inFolder(async (folder) => {
    const a = inventedRun(join(folder, "a", "invented"));
    const b = inventedRun(join(folder, "b", "invented"), { seed: 62, n_toys: 10, shards: 3 });
    for (const manifest of [a, b]) await writeRun(manifest);
    const of = (one: typeof a) => one.plans.map((plan) => join(one.run_dir, `shard_${plan.shard_index}.out.json`));
    const report = await merge(null, { inputs: [...of(b), ...of(a)], out: join(folder, "x.json") });
    assert.equal(report.exit_code, 0, report.notes.join("\n"));
    const whole = inventedRun(join(folder, "c"), { n_toys: 30 });
    assertSameToys(await readJson(join(folder, "x.json")), JSON.parse(inventedOutput(whole)));
  }));

Deno.test("a guardrail that fails on the set gives exit code 6, and the document is written", () =>
  inFolder(async (folder) => {
    const manifest = inventedRun(join(folder, "invented"), { n_toys: 60, faults: true });
    await writeRun(manifest);
    const report = await merge(manifest.run_dir, { guardrails: { ...NO_GUARDRAILS, require_all_converged: true } });
    assert.equal(report.exit_code, 6);
    assert.match(report.notes.join(), /guardrail failed: require_all_converged violated \(n_validation_error=\d/);
    assert.equal(at(await readJson(join(manifest.run_dir, "merged.out.json")), "guardrails.passed"), false);
  }));

Deno.test("the run's own guardrails are judged without being repeated", () =>
  inFolder(async (folder) => {
    const manifest = inventedRun(join(folder, "invented"), { n_toys: 60 });
    manifest.farm.guardrails.require_all_converged = true;
    await writeRun(manifest);
    assert.equal((await merge(manifest.run_dir)).exit_code, 6);
  }));

Deno.test("an output in another program's layout merges with the same numbers", () =>
  inFolder(async (folder) => {
    const manifest = inventedRun(join(folder, "invented"));
    await writeRun(manifest);
    const inputs = await Promise.all(manifest.plans.map(async ({ shard_index }) => {
      const path = join(manifest.run_dir, `shard_${shard_index}.out.json`);
      const other = join(folder, `other_${shard_index}.json`);
      await writeFile(other, JSON.stringify(JSON.parse(await readFile(path, "utf8"))));
      return other;
    }));
    await merge(null, { inputs, out: join(folder, "x.json") });
    assertSameToys(await readJson(join(folder, "x.json")), JSON.parse(inventedOutput(manifest)));
  }));

Deno.test("a merge with neither a run nor inputs, with both, or of inputs without --out is a usage error", async () => {
  await assert.rejects(merge(null), { kind: "usage" });
  await assert.rejects(merge("x", { inputs: ["y"] }), { kind: "usage" });
  await assert.rejects(merge(null, { inputs: ["y"] }), { kind: "usage" });
});

Deno.test("a merge with unreadable records leaves the merged document and its status unchanged", () =>
  inFolder(async (folder) => {
    const manifest = inventedRun(join(folder, "invented"));
    await writeRun(manifest);
    await writeFile(join(manifest.run_dir, "submit_meta.json"), "{");
    await assert.rejects(merge(manifest.run_dir), { kind: "input", message: /submit_meta\.json/ });
    assert.deepEqual((await readdir(manifest.run_dir)).filter((name) => name.startsWith("merge")), []);
  }));

Deno.test("after several merges at the same time, document and status are of the same merge", () =>
  inFolder(async (folder) => {
    const dir = join(folder, "invented");
    await writeRun(inventedRun(dir, { n_toys: 12, shards: 3 }));
    const strict = { ...NO_GUARDRAILS, require_all_converged: true };
    for (let round = 0; round < 5; round++) {
      await Promise.all([merge(dir), merge(dir, { guardrails: strict }), merge(dir)]);
      const found = summedCheckOf(loadRun(dir));
      assert.deepEqual([found.state, found.findings.filter(({ kind }) => kind === "damaged")], ["whole", []]);
    }
  }));

Deno.test("a merge that waited for another one merges the run as it then is", () =>
  inFolder(async (folder) => {
    const dir = join(folder, "invented");
    await writeRun(inventedRun(dir, { n_toys: 12, shards: 3 }));
    const other = await Deno.open(join(dir, ".merge_status.json.lock"), { create: true, write: true });
    await other.lock(true);
    const waiting = merge(dir);
    await writeRun(inventedRun(dir, { n_toys: 16, shards: 4 }));
    other.close();
    assert.match(await mergedText(await waiting), /"n_toys": 16,/);
  }));
