import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { NO_GUARDRAILS } from "../../../core/merge/guardrails.ts";
import { spec10k } from "../../support/farm.ts";
import { fittedWhole, hardSpec } from "../../support/hard_spec.ts";
import { inFolder } from "../../support/scratch.ts";
import { assertClose, assertSameToys, at, type Json, readJson } from "../../support/toys.ts";
import { type FittedRun, fittedRun } from "../support/fitted_run.ts";
import { merge, mergedText } from "../support/merging.ts";

/** nextstat's own output of the whole run. */
function whole(folder: string, run: FittedRun, more: string[] = []): Promise<Json> {
  const config = run.config ?? spec10k();
  return fittedWhole(folder, { ...run, config, toys: run.toys + (run.extend ?? 0) }, more);
}

async function mergedOf(dir: string, run: FittedRun): Promise<Json> {
  await fittedRun(dir, run);
  const report = await merge(dir);
  assert.equal(report.exit_code, 0, report.notes.join("\n"));
  return await readJson(join(dir, "merged.out.json"));
}

const CASES: { name: string; run: FittedRun; words?: string[] }[] = [
  { name: "one toy in one shard", run: { toys: 1, shards: 1 } },
  { name: "as many shards as toys", run: { toys: 6, shards: 6 } },
  { name: "a count that is no multiple", run: { toys: 23, shards: 4 } },
  { name: "another seed", run: { toys: 9, shards: 2, seed: 1_000_000 } },
  { name: "--gen mle", run: { toys: 11, shards: 3, farm: { gen: "mle" } }, words: ["--gen", "mle"] },
  {
    name: "--set",
    run: { toys: 11, shards: 3, farm: { set: { mu: 0.5, mu_sig: 90 } } },
    words: ["--set", "mu=0.5", "--set", "mu_sig=90"],
  },
  { name: "a shard cut by retry --split", run: { toys: 20, shards: 3, cut: [1] } },
  { name: "a piece cut again", run: { toys: 20, shards: 2, cut: [0, 2] } },
  { name: "an extension", run: { toys: 10, shards: 3, extend: 4 } },
  {
    name: "--pulls",
    run: { toys: 23, shards: 4, cut: [2], farm: { pulls: true } },
    words: ["--max-abs-poi-pull-mean", "1e9"],
  },
];

for (const { name, run, words } of CASES) {
  Deno.test(`a merge of ${name} equals nextstat's own unsharded output`, () =>
    inFolder(async (folder) => {
      const merged = await mergedOf(join(folder, "invented"), run);
      assertSameToys(merged, await whole(folder, run, words));
      assert.equal(at(merged, "shard"), null);
    }));
}

for (const pulls of [false, true]) {
  Deno.test(`toys that fail or do not converge count as in nextstat's own output, ${pulls ? "with" : "without"} pulls`, () =>
    inFolder(async (folder) => {
      const run = { toys: 20, shards: 6, config: await hardSpec(folder), farm: { pulls } };
      const wanted = await whole(folder, run, pulls ? ["--max-abs-poi-pull-mean", "1e9"] : []);
      const merged = await mergedOf(join(folder, "invented"), run);
      assert.ok(Number(at(wanted, "results.n_error")) > 0 && Number(at(wanted, "results.n_nonconverged")) > 0);
      assertSameToys(merged, wanted);
    }));
}

Deno.test("guardrails are judged on the merged set, with nextstat's own messages", () =>
  inFolder(async (folder) => {
    const run = { toys: 20, shards: 6, config: await hardSpec(folder), farm: { pulls: true } };
    const words = ["--require-all-converged", "--max-abs-poi-pull-mean", "0.001", "--poi-pull-std-range", "1.5", "2"];
    const wanted = await whole(folder, run, words);
    const dir = join(folder, "invented");
    await fittedRun(dir, run);
    const guardrails = { require_all_converged: true, max_abs_poi_pull_mean: 0.001, poi_pull_std_range: [1.5, 2] };
    const report = await merge(dir, { guardrails: { ...guardrails, poi_pull_std_range: [1.5, 2] } });
    assert.equal(report.exit_code, 6);
    assertClose(at(await readJson(join(dir, "merged.out.json")), "guardrails"), at(wanted, "guardrails"), 1e-12);
  }));

Deno.test("a guardrail that holds on the set passes, though it fails on single shards", () =>
  inFolder(async (folder) => {
    const dir = join(folder, "invented");
    await fittedRun(dir, { toys: 20, shards: 10, farm: { pulls: true } });
    const report = await merge(dir, { guardrails: { ...NO_GUARDRAILS, max_abs_poi_pull_mean: 0.2 } });
    const shard = await readJson(join(dir, "shard_0.out.json"));
    assert.ok(Math.abs(Number(at(shard, "guardrails.poi_pull_mean"))) > 0.2);
    assert.equal(report.exit_code, 0, report.notes.join("\n"));
  }));

Deno.test("a pull guardrail on toys without pulls is a usage error that names --pulls", () =>
  inFolder(async (folder) => {
    const dir = join(folder, "invented");
    await fittedRun(dir, { toys: 4, shards: 2 });
    const guardrails = { ...NO_GUARDRAILS, max_abs_poi_pull_mean: 0.2 };
    await assert.rejects(merge(dir, { guardrails }), { kind: "usage", next: /--pulls/ });
  }));

Deno.test("bootstrap intervals of shards are not merged: null, with the reason", () =>
  inFolder(async (folder) => {
    const dir = join(folder, "invented");
    const extra_args = ["--summary-ci-method", "percentile", "--summary-ci-bootstrap", "50"];
    const merged = await mergedOf(dir, { toys: 12, shards: 2, farm: { extra_args } });
    assert.equal(at(merged, "summary.mean_ci"), null);
    assert.match(JSON.stringify(at(merged, "merge.farm.not_merged")), /summary\.mean_ci.*bootstrap/);
  }));

Deno.test("the layout of a merged document is nextstat's own, to the byte", () =>
  inFolder(async (folder) => {
    const dir = join(folder, "invented");
    const run = { toys: 7, shards: 1, farm: { pulls: true } };
    await fittedRun(dir, run);
    const merged = await mergedText(await merge(dir, { guardrails: { ...NO_GUARDRAILS, max_abs_poi_pull_mean: 1e9 } }));
    await whole(folder, run, ["--max-abs-poi-pull-mean", "1e9"]);
    const wanted = await readFile(join(folder, "whole.json"), "utf8");
    assert.equal(merged.slice(0, merged.indexOf(',\n  "merge": {')), wanted.replace(/\n\}$/, ""));
  }));
