import assert from "node:assert/strict";
import { copyFile, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { inputs, mustRun, nextstat, runArgs, runDir, spec10k } from "../support/farm.ts";
import { inFolder } from "../support/scratch.ts";
import { arrayAt, assertSameToys, at, readJson, unsharded } from "../support/toys.ts";

async function run(folder: string, id: string, more: string[] = [], config = spec10k()): Promise<string> {
  await mustRun(folder, runArgs(folder, { toys: 8, shards: 4, id, more, config }));
  return join(runDir(folder, id), "merged.out.json");
}

const inputWords = (
  paths: string[],
  out: string,
) => ["merge", ...paths.flatMap((path) => ["--input", path]), "--out", out];

/** Merges outputs into a new file. */
async function mergeInputs(folder: string, paths: string[], code: number, more: string[] = []) {
  const out = join(folder, `out_${paths.length}_${crypto.randomUUID()}.json`);
  const ran = await mustRun(folder, [...inputWords(paths, out), ...more], code);
  return { ...ran, out };
}

const refused = /^nothing merged: the set is (incomplete|not consistent)\n/;

Deno.test("toys of merged documents with holes, and of several runs in one, are counted by their seeds", () =>
  inFolder(async (folder) => {
    const whole = await run(folder, "r1");
    const [first, far] = [runDir(folder, "r1"), await run(folder, "r3", ["--seed", "1000"])];
    const kept = join(folder, "shard_1.out.json");
    await copyFile(join(first, "shard_1.out.json"), kept);
    await copyFile(join(first, "shard_1.metrics.json"), join(folder, "shard_1.metrics.json"));
    const whole_text = await readFile(whole, "utf8");
    await rm(join(first, "shard_1.out.json"));
    const partial = join(folder, "partial.json");
    await mustRun(folder, ["merge", first, "--allow-partial", "--out", partial]);
    const twice = await mergeInputs(folder, [partial, join(first, "shard_3.out.json")], 5);
    assert.match(twice.stderr, refused);
    assert.match(twice.stderr, /shard_3.out.json" holds toys that ".*partial.json" holds too: seeds from 48 on/);
    assert.match((await mergeInputs(folder, [partial], 5)).stderr, /the toys with the seeds 44-45 are in none/);
    const filled = await mergeInputs(folder, [kept, partial], 0);
    assert.match(filled.stdout, /8 of 8 toys/);
    const [text, cut] = [await readFile(filled.out, "utf8"), ',\n  "merge": {'];
    assert.equal(text.slice(0, text.indexOf(cut)), whole_text.slice(0, whole_text.indexOf(cut)));
    const two = await mergeInputs(folder, [filled.out, far], 0);
    assert.match(
      (await mergeInputs(folder, [two.out, far], 5)).stderr,
      /holds toys that .* holds too: seeds from 1000 on/,
    );
    const beside = await run(folder, "r5", ["--seed", "50"]);
    const three = await readJson((await mergeInputs(folder, [two.out, beside], 0)).out);
    assert.equal(
      JSON.stringify(at(three, "merge.farm.seed_ranges")),
      '[{"seed":42,"n_toys":16},{"seed":1000,"n_toys":8}]',
    );
    const sixteen = await unsharded(folder, 16);
    assert.deepEqual(arrayAt(three, "results.nll").slice(0, 16), arrayAt(sixteen, "results.nll"));
  }));

Deno.test("merged documents of different specs make no set, and the record of their inputs is kept", () =>
  inFolder(async (folder) => {
    const spec = JSON.parse(
      (await readFile(spec10k(), "utf8")).replace('"base_yield": 2500.0', '"base_yield": 2600.0'),
    );
    spec.channels[0].data.file = join(inputs(), "observed.parquet");
    const other = join(folder, "other.json");
    await writeFile(other, JSON.stringify(spec));
    const [one, same] = [await run(folder, "r1"), await run(folder, "r3", ["--seed", "1000"])];
    const ran = await mergeInputs(folder, [one, await run(folder, "r4", ["--seed", "5000"], other)], 5);
    assert.match(ran.stderr, /has another spec than most/);
    const both = await readJson((await mergeInputs(folder, [one, same], 0)).out);
    const single = await readJson(one);
    for (const name of ["spec_sha256", "inputs", "nextstat_version", "nextstat_sha256", "threads", "hosts"]) {
      assert.equal(
        JSON.stringify(at(both, `merge.farm.${name}`)),
        JSON.stringify(at(single, `merge.farm.${name}`)),
        name,
      );
    }
    assert.equal(arrayAt(both, "merge.farm.run_tokens").length, 2);
  }));

Deno.test("pulls of merged documents are judged and kept, and not mixed with toys that have none", () =>
  inFolder(async (folder) => {
    const [with_pulls, without] = [await run(folder, "r2", ["--seed", "1000", "--pulls"]), await run(folder, "r1")];
    const again = await mergeInputs(folder, [with_pulls], 0, ["--max-abs-poi-pull-mean", "100"]);
    const merged = await readJson(again.out);
    assertSameToys(merged, await unsharded(folder, 8, ["--seed", "1000", "--max-abs-poi-pull-mean", "100"]));
    const single = await readJson(with_pulls);
    const of = (document: typeof single) => JSON.stringify(at(document, "summary.pulls_by_param"));
    assert.equal(of(merged), of(single));
    assert.match(
      (await mergeInputs(folder, [with_pulls], 6, ["--max-abs-poi-pull-mean", "0"])).stderr,
      /guardrail failed: \|mean pull\|/,
    );
    assert.match((await mergeInputs(folder, [without, with_pulls], 5)).stderr, /has another choice of pulls than most/);
  }));

Deno.test("nextstat's own merge is refused, with advice to merge its shards", () =>
  inFolder(async (folder) => {
    await run(folder, "r1");
    const theirs = join(folder, "theirs.json");
    const shards = [0, 2].map((i) => join(runDir(folder, "r1"), `shard_${i}.out.json`));
    await new Deno.Command(nextstat(), { args: ["unbinned-merge-toys", ...shards, "-o", theirs], stdout: "null" })
      .output();
    const ran = await mergeInputs(folder, [theirs], 5);
    assert.match(ran.stderr, /was merged by nextstat unbinned-merge-toys, .*: give the outputs that it was made of/);
  }));
