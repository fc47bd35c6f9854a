import assert from "node:assert/strict";
import { copyFile, mkdir, readdir, readFile, rename, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { FarmManifest } from "../../../core/schema/manifest.ts";
import { inventedMetrics } from "../../fixtures/metrics.ts";
import { inventedOutput } from "../../fixtures/output.ts";
import { inventedRun } from "../../fixtures/run.ts";
import { writeRun, writeShard } from "../../fixtures/run_dir.ts";
import { inFolder } from "../../support/scratch.ts";
import { merge } from "../support/merging.ts";
import { flipByte } from "../../support/damage.ts";

interface Bad {
  name: string;
  /** Spoils shard 2 of 4 (toys 10 to 14). */
  spoil: (out: string, metrics: string, manifest: FarmManifest) => Promise<unknown>;
  /** What the merge says of it. */
  message: RegExp;
}

/** Rewrites shard 2 with a record that fits to what is written. */
async function rewrite(manifest: FarmManifest, change: (text: string) => string): Promise<void> {
  const [, , plan] = manifest.plans;
  assert(plan);
  await writeShard(manifest, plan, change(inventedOutput(manifest, plan)));
}

// deno-lint-ignore no-explicit-any -- a document that is to be spoiled in any way
async function change(manifest: FarmManifest, spoil: (document: any) => void): Promise<void> {
  await rewrite(manifest, (text) => {
    const document = JSON.parse(text);
    spoil(document);
    return JSON.stringify(document, null, 2);
  });
}

async function changeRecord(metrics: string, spoil: (text: string) => string): Promise<void> {
  await writeFile(metrics, spoil(await readFile(metrics, "utf8")));
}

async function mkfifo(path: string): Promise<void> {
  await rm(path);
  assert((await new Deno.Command("mkfifo", { args: [path] }).output()).success);
}

async function asFolder(path: string): Promise<void> {
  await rm(path);
  await mkdir(path);
}

async function asLink(path: string): Promise<void> {
  await rename(path, `${path}.real`);
  await symlink(`${path}.real`, path);
}

const deep = (n: number) => "[".repeat(n) + "]".repeat(n);
const shard = (dir: string, i: number) => join(dir, `shard_${i}.out.json`);

const CASES: Bad[] = [
  { name: "a truncated output", spoil: (out) => truncate(out, 900), message: /^shard_2\.out\.json is no JSON/ },
  { name: "an empty output", spoil: (out) => truncate(out, 0), message: /^shard_2\.out\.json is empty/ },
  { name: "a missing output", spoil: (out) => rm(out), message: /^shard_2\.out\.json is not there/ },
  { name: "a missing record", spoil: (_, metrics) => rm(metrics), message: /^shard_2\.out\.json has no record/ },
  {
    name: "a truncated record",
    spoil: (_, metrics) => truncate(metrics, 900),
    message: /^shard_2\.metrics\.json is no JSON/,
  },
  { name: "an empty record", spoil: (_, metrics) => truncate(metrics, 0), message: /^shard_2\.metrics\.json is empty/ },
  { name: "a flipped byte", spoil: (out) => flipByte(out), message: /^shard_2\.out\.json / },
  { name: "a FIFO as output", spoil: (out) => mkfifo(out), message: /^shard_2\.out\.json is no regular file/ },
  {
    name: "a FIFO as record",
    spoil: (_, metrics) => mkfifo(metrics),
    message: /^shard_2\.metrics\.json is no regular file/,
  },
  { name: "a folder as output", spoil: (out) => asFolder(out), message: /^shard_2\.out\.json is a folder/ },
  { name: "a link as output", spoil: (out) => asLink(out), message: /^shard_2\.out\.json is a link/ },
  { name: "a link as record", spoil: (_, metrics) => asLink(metrics), message: /^shard_2\.metrics\.json is a link/ },
  {
    name: "a huge sparse output",
    spoil: (out) => truncate(out, 5 * 2 ** 30),
    message: /^shard_2\.out\.json has 5368709120 bytes, more than the limit/,
  },
  {
    name: "the output of another shard",
    spoil: (out, _, { run_dir }) => copyFile(shard(run_dir, 1), out),
    message: /^shard_2\.out\.json is of shard 1, planned is 2/,
  },
  {
    name: "both files of another shard",
    spoil: async (out, metrics, { run_dir }) => {
      await copyFile(shard(run_dir, 1), out);
      await copyFile(join(run_dir, "shard_1.metrics.json"), metrics);
    },
    message: /^shard_2\.metrics\.json says shard_index 1, planned is 2/,
  },
  {
    name: "a record of another run",
    spoil: (_, metrics) => changeRecord(metrics, (text) => text.replace("9f3c1e0a5b7d4c62", "0".repeat(16))),
    message: /^shard_2\.metrics\.json belongs to another run.*--accept-unrecorded/,
  },
  {
    name: "a record of another spec",
    spoil: (_, metrics) => changeRecord(metrics, (text) => text.replace(/"spec_sha256": "4/, '"spec_sha256": "5')),
    message: /^shard_2\.metrics\.json was made with another spec/,
  },
  {
    name: "a record of a failed attempt",
    spoil: (_, metrics) => changeRecord(metrics, (text) => text.replace('"cause": "ok"', '"cause": "exit"')),
    message: /^shard_2\.metrics\.json says that the shard ended with "exit"/,
  },
  {
    name: "a record of another schema",
    spoil: (_, metrics) => changeRecord(metrics, (text) => text.replaceAll(/nextstat.cpu_farm_shard_record.v1/g, "v9")),
    message: /^shard_2\.metrics\.json is not as wanted \(farm\.schema_version: /,
  },
  {
    name: "deep nesting in the record",
    spoil: (_, metrics) => changeRecord(metrics, (text) => text.replace("{", `{"x": ${deep(100_000)},`)),
    message: /^shard_2\.metrics\.json is nested deeper than 200 levels/,
  },
  {
    name: "deep nesting in an array of the output",
    spoil: (_o, _m, manifest) => rewrite(manifest, (text) => text.replace('"nll": [', `"nll": [${deep(100_000)},`)),
    message: /^shard_2\.out\.json /,
  },
  {
    name: "a number that is infinite",
    spoil: (_o, _m, manifest) =>
      rewrite(manifest, (text) => text.replace(/"nll": \[\n.*\n/, '"nll": [\n      -1e400,\n')),
    message: /^shard_2\.out\.json results\.nll\[0\] is -Infinity, wanted a finite number or null/,
  },
  {
    name: "an infinite generation value",
    spoil: (_o, _m, manifest) => rewrite(manifest, (text) => text.replace("91.0", "1e400")),
    message: /^shard_2\.out\.json is no output of nextstat \(gen\.params\.1: /,
  },
  {
    name: "a text among the numbers",
    spoil: (_o, _m, manifest) => change(manifest, ({ results }) => results.poi_hat[1] = "NaN"),
    message: /^shard_2\.out\.json results\.poi_hat\[1\] is NaN, wanted a finite number or null/,
  },
  {
    name: "an array that is too short",
    spoil: (_o, _m, manifest) => change(manifest, ({ results }) => results.poi_sigma.pop()),
    message: /^shard_2\.out\.json results\.poi_sigma has 4 entries, wanted 5/,
  },
  {
    name: "fewer toys than planned",
    spoil: (_o, _m, manifest) =>
      change(manifest, ({ results }) => {
        results.n_toys = 4;
        for (const name of ["converged", "poi_hat", "poi_sigma", "nll"]) results[name].pop();
      }),
    message: /^shard_2\.out\.json holds 4 toys, planned are 5/,
  },
  {
    name: "counts that the toys do not bear out",
    spoil: (_o, _m, manifest) => change(manifest, ({ results }) => results.n_converged++),
    message: /^shard_2\.out\.json says n_converged \d, but marks \d toys so/,
  },
  {
    name: "another seed",
    spoil: (_o, _m, manifest) => change(manifest, ({ gen }) => gen.seed = 43),
    message: /^shard_2\.out\.json has run seed 43, planned is 42/,
  },
  {
    name: "another generation point",
    spoil: (_o, _m, manifest) => change(manifest, ({ gen }) => gen.point = "mle"),
    message: /^shard_2\.out\.json was generated at "mle", planned is "init"/,
  },
  {
    name: "an override that was not asked for",
    spoil: (_o, _m, manifest) => change(manifest, ({ gen }) => gen.overrides = { mu: 2 }),
    message: /^shard_2\.out\.json was generated with mu = 2, planned is as it is/,
  },
  {
    name: "other generation values",
    spoil: (_o, _m, manifest) => change(manifest, ({ gen }) => gen.params[1] = 92),
    message: /^shard_2\.out\.json was generated at another mu_sig: 92, most at 91/,
  },
  {
    name: "another parameter list",
    spoil: (_o, _m, manifest) => change(manifest, (document) => document.parameter_names[3] = "tau"),
    message: /^shard_2\.out\.json has another parameter list than most: .*tau, wanted .*lambda_bkg/,
  },
  {
    name: "another POI",
    spoil: (_o, _m, manifest) => change(manifest, (document) => document.poi_index = 1),
    message: /^shard_2\.out\.json has another POI than most: mu_sig, wanted mu/,
  },
  {
    name: "a POI that is no parameter",
    spoil: (_o, _m, manifest) => change(manifest, (document) => document.poi_index = 7),
    message: /^shard_2\.out\.json says that its POI is number 7 of 4/,
  },
  {
    name: "no pulls where the others have some",
    spoil: (_o, _m, manifest) => change(manifest, ({ guardrails }) => guardrails.max_abs_poi_pull_mean = null),
    message: /^shard_2\.out\.json has another choice of pulls than most: without, wanted with/,
  },
  {
    name: "another nextstat",
    spoil: (_, metrics) =>
      changeRecord(metrics, (text) => text.replace('"nextstat_version": "0.10.1"', '"nextstat_version": "0.9.0"')),
    message: /^shard_2\.out\.json has another nextstat than most: version 0\.9\.0, wanted version 0\.10\.1/,
  },
  {
    name: "an output that is no object",
    spoil: (out) => writeFile(out, "[1, 2]"),
    message: /^shard_2\.out\.json is no output of nextstat \(a list, wanted an object\)/,
  },
  {
    name: "bytes that are no text",
    spoil: (out) => writeFile(out, new Uint8Array([0xff, 0xfe, 0x00])),
    message: /^shard_2\.out\.json is no text in UTF-8/,
  },
];

for (const { name, spoil, message } of CASES) {
  Deno.test(`${name} refuses the merge with one line about the fault`, () =>
    inFolder(async (folder) => {
      const manifest = inventedRun(join(folder, "invented"));
      await writeRun(manifest);
      const base = join(manifest.run_dir, "shard_2");
      await spoil(`${base}.out.json`, `${base}.metrics.json`, manifest);
      const report = await merge(manifest.run_dir);
      assert.equal(report.exit_code, 5, JSON.stringify(report.problems));
      assert.equal(report.problems.length, 1, JSON.stringify(report.problems));
      assert.equal(report.problems[0]?.shard_index, 2);
      assert.match(report.problems[0]?.what ?? "", message);
      assert.ok(report.notes.some((note) => note.includes("shard 2: ")), report.notes.join("\n"));
      assert.ok(!(await readdir(manifest.run_dir)).includes("merged.out.json"));
      const partial = await merge(manifest.run_dir, { allow_partial: true });
      assert.equal(partial.n_toys_merged, 15, JSON.stringify(partial.problems));
    }));
}

Deno.test("keys that would change an object's prototype are ordinary keys", () =>
  inFolder(async (folder) => {
    const manifest = inventedRun(join(folder, "invented"));
    await writeRun(manifest);
    const evil = '{"__proto__": {"polluted": 1}, "constructor": {"prototype": {"polluted": 1}},';
    await rewrite(manifest, (text) => text.replace("{", evil).replace('"gen": {', `"gen": ${evil}`));
    const report = await merge(manifest.run_dir);
    assert.equal(report.exit_code, 0, JSON.stringify(report.problems));
    assert.equal(Reflect.get({}, "polluted"), undefined);
  }));

Deno.test("--accept-unrecorded merges an output without a record, and one with the record of another run", () =>
  inFolder(async (folder) => {
    const manifest = inventedRun(join(folder, "invented"));
    await writeRun(manifest);
    await rm(join(manifest.run_dir, "shard_1.metrics.json"));
    const other = structuredClone(manifest);
    other.farm.run_token = "0".repeat(16);
    const [, , plan] = manifest.plans;
    assert(plan);
    await writeFile(
      join(manifest.run_dir, "shard_2.metrics.json"),
      inventedMetrics(other, plan, inventedOutput(manifest, plan)),
    );
    assert.equal((await merge(manifest.run_dir)).problems.length, 2);
    const report = await merge(manifest.run_dir, { accept_unrecorded: true });
    assert.equal(report.exit_code, 0, JSON.stringify(report.problems));
    const merged = JSON.parse(await readFile(join(manifest.run_dir, "merged.out.json"), "utf8"));
    assert.deepEqual(merged.merge.farm.unrecorded, [1, 2]);
    await flipByte(shard(manifest.run_dir, 2));
    assert.equal((await merge(manifest.run_dir, { accept_unrecorded: true })).exit_code, 5);
  }));

const MANIFESTS: { name: string; spoil: (path: string) => Promise<unknown>; message: RegExp }[] = [
  { name: "a truncated manifest", spoil: (path) => truncate(path, 500), message: /is no JSON/ },
  { name: "an empty manifest", spoil: (path) => truncate(path, 0), message: /is empty/ },
  { name: "no manifest", spoil: (path) => rm(path), message: /is not there/ },
  { name: "a FIFO as manifest", spoil: (path) => mkfifo(path), message: /no regular file/ },
  {
    name: "a manifest of another schema",
    spoil: (path) => changeRecord(path, (text) => text.replace("unbinned_fit_toys_run.v1", "unbinned_fit_toys_run.v2")),
    message: /schema_version/,
  },
  {
    name: "plans with a gap",
    spoil: (path) => changeRecord(path, (text) => text.replace('"toy_start": 5', '"toy_start": 6')),
    message: /seed 47, wanted 48/,
  },
  {
    name: "a manifest that is nested deeply",
    spoil: (path) => changeRecord(path, (text) => text.replace("{", `{"x": ${deep(100_000)},`)),
    message: /nested deeper/,
  },
];

for (const { name, spoil, message } of MANIFESTS) {
  Deno.test(`${name} is a bad input file`, () =>
    inFolder(async (folder) => {
      const manifest = inventedRun(join(folder, "invented"));
      await writeRun(manifest);
      await spoil(join(manifest.run_dir, "manifest.json"));
      await assert.rejects(merge(manifest.run_dir), { kind: "input", message: message });
    }));
}

Deno.test("an unwritable output path is refused, and leaves nothing behind", () =>
  inFolder(async (folder) => {
    const manifest = inventedRun(join(folder, "invented"));
    await writeRun(manifest);
    const out = join(folder, "no", "such", "folder", "x.json");
    await assert.rejects(merge(manifest.run_dir, { out }), { kind: "input", message: /its folder is not there/ });
  }));
