import assert from "node:assert/strict";
import { copyFile, mkdir, readFile, rename, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { someOf } from "../support/amount.ts";
import { mustRun, namesIn, nsfarm, runArgs, runDir } from "../support/farm.ts";
import { countDone, fingerprints } from "../support/run_dir.ts";
import { inFolder } from "../support/scratch.ts";
import { assertSameToys, type Json, readJson, unsharded } from "../support/toys.ts";

interface Spoiled {
  what: string;
  /** Damages shard 1 of a finished run; `out` and `metrics` are its two files. */
  spoil: (at: { dir: string; folder: string; out: string; metrics: string }) => Promise<unknown>;
  /** Why `status` does not count it as done; null where it is to be mended without a word. */
  why: RegExp | null;
  /** Names in aside/ after the run was given again; a hex suffix is cut off. */
  aside: string[];
  /** Whether the shard must be fitted again. */
  again: boolean;
}

const OUT = "shard_1.out.json";
const METRICS = "shard_1.metrics.json";

const edit = (path: string, change: (text: string) => string) =>
  readFile(path, "utf8").then((text) => {
    assert.notEqual(change(text), text, "the edit changes something");
    return writeFile(path, change(text));
  });

const SPOILED: Spoiled[] = [
  {
    what: "a missing output",
    spoil: ({ out }) => rm(out),
    ...{ why: /^shard_1\.out\.json is not there/, aside: [METRICS], again: true },
  },
  {
    what: "a missing record",
    spoil: ({ metrics }) => rm(metrics),
    ...{ why: null, aside: [], again: false },
  },
  {
    what: "a truncated output",
    spoil: ({ out }) => truncate(out, 600),
    ...{ why: /^shard_1\.out\.json is no JSON/, aside: [METRICS, OUT], again: true },
  },
  {
    what: "an output cut by one byte",
    spoil: async ({ out }) => await truncate(out, (await Deno.stat(out)).size - 1),
    ...{ why: /^shard_1\.out\.json /, aside: [METRICS, OUT], again: true },
  },
  {
    what: "an empty output",
    spoil: ({ out }) => truncate(out, 0),
    ...{ why: /^shard_1\.out\.json is empty/, aside: [METRICS, OUT], again: true },
  },
  {
    what: "an empty record",
    spoil: ({ metrics }) => truncate(metrics, 0),
    ...{ why: /^shard_1\.metrics\.json is empty/, aside: [METRICS], again: false },
  },
  {
    what: "one digit of the output flipped",
    spoil: ({ out }) =>
      edit(out, (text) => text.replace(/"nll": \[\s*-4\d/, (at) => at.slice(0, -1) + (at.endsWith("2") ? "3" : "2"))),
    ...{
      why: /^shard_1\.out\.json does not have the sha256 of its record/,
      aside: [METRICS, OUT],
      again: true,
    },
  },
  {
    what: "the outputs of two shards swapped",
    spoil: async ({ dir, out, folder }) => {
      await rename(out, join(folder, "x"));
      await rename(join(dir, "shard_2.out.json"), out);
      await rename(join(folder, "x"), join(dir, "shard_2.out.json"));
    },
    ...{ why: /^shard_1\.out\.json is of shard 2, planned is 1/, again: true },
    aside: [METRICS, OUT, "shard_2.metrics.json", "shard_2.out.json"],
  },
  {
    what: "another shard's files in its place",
    spoil: async ({ dir, out, metrics }) => {
      await copyFile(join(dir, "shard_0.out.json"), out);
      await copyFile(join(dir, "shard_0.metrics.json"), metrics);
    },
    ...{ why: /^shard_1\.metrics\.json says shard_index 0, planned is 1/, aside: [METRICS, OUT], again: true },
  },
  {
    what: "the files of another run's shard",
    spoil: async ({ folder, out, metrics }) => {
      await mustRun(folder, runArgs(folder, { toys: 9, shards: 3, id: "other" }));
      await copyFile(join(runDir(folder, "other"), OUT), out);
      await copyFile(join(runDir(folder, "other"), METRICS), metrics);
    },
    ...{ why: /^shard_1\.metrics\.json belongs to another run/, aside: [METRICS, OUT], again: true },
  },
  {
    what: "the output of a run with another seed",
    spoil: async ({ folder, out, metrics }) => {
      await mustRun(folder, runArgs(folder, { toys: 9, shards: 3, id: "other", more: ["--seed", "43"] }));
      await copyFile(join(runDir(folder, "other"), OUT), out);
      await rm(metrics);
    },
    ...{ why: /^shard_1\.out\.json has run seed 43, planned is 42/, aside: [OUT], again: true },
  },
  {
    what: "a FIFO as output",
    spoil: ({ out }) => rm(out).then(() => new Deno.Command("mkfifo", { args: [out] }).output()),
    ...{ why: /^shard_1\.out\.json is no regular file/, aside: [METRICS, OUT], again: true },
  },
  {
    what: "a FIFO as record",
    spoil: ({ metrics }) => rm(metrics).then(() => new Deno.Command("mkfifo", { args: [metrics] }).output()),
    ...{ why: /^shard_1\.metrics\.json is no regular file/, aside: [METRICS], again: false },
  },
  {
    what: "a folder as output",
    spoil: ({ out }) => rm(out).then(() => mkdir(out)),
    ...{ why: /^shard_1\.out\.json is a folder/, aside: [METRICS, OUT], again: true },
  },
  {
    what: "a link to the output",
    spoil: ({ out, folder }) => rename(out, join(folder, "x")).then(() => symlink(join(folder, "x"), out)),
    ...{ why: /^shard_1\.out\.json is a link/, aside: [METRICS, OUT], again: true },
  },
  {
    what: "a link to nothing as output",
    spoil: ({ out }) => rm(out).then(() => symlink("/nowhere/at/all", out)),
    ...{ why: /^shard_1\.out\.json is a link/, aside: [METRICS, OUT], again: true },
  },
  {
    what: "an output of 4 GB without content",
    spoil: ({ out }) => truncate(out, 4e9),
    ...{ why: /^shard_1\.out\.json has 4000000000 bytes, more than the limit/, aside: [METRICS, OUT], again: true },
  },
  {
    what: "an output nested 100,000 deep",
    spoil: ({ out }) => writeFile(out, `{"gen":${"[".repeat(100_000)}${"]".repeat(100_000)}}`),
    ...{ why: /^shard_1\.out\.json /, aside: [METRICS, OUT], again: true },
  },
  {
    what: "a record nested 100,000 deep",
    spoil: ({ metrics }) => writeFile(metrics, `{"farm":${"[".repeat(100_000)}${"]".repeat(100_000)}}`),
    ...{ why: /^shard_1\.metrics\.json is nested deeper/, aside: [METRICS], again: false },
  },
  {
    what: "a record that says another sha256",
    spoil: ({ metrics }) =>
      edit(metrics, (text) => text.replace(/"out_sha256": "[0-9a-f]{60}/, `"out_sha256": "${"0".repeat(60)}`)),
    ...{
      why: /^shard_1\.out\.json does not have the sha256 of its record/,
      aside: [METRICS, OUT],
      again: true,
    },
  },
  {
    what: "a record that says that it failed",
    spoil: ({ metrics }) => edit(metrics, (text) => text.replace('"cause": "ok"', '"cause": "exit"')),
    ...{ why: /^shard_1\.metrics\.json says that the shard ended with "exit"/, aside: [METRICS, OUT], again: true },
  },
  {
    what: "a record without what a record has",
    spoil: ({ metrics }) =>
      writeFile(metrics, '{"schema_version":"nextstat_metrics_v0","status":{"ok":true},"timing":{}}'),
    ...{ why: /^shard_1\.metrics\.json farm/, aside: [METRICS], again: false },
  },
];

let wanted: Json | undefined;

for (const { what, spoil, why, aside, again } of someOf("ways to spoil a finished shard", SPOILED, 2)) {
  Deno.test(`${what}: not merged, named with its reason, and repaired by the same run`, () =>
    inFolder(async (folder) => {
      const dir = runDir(folder);
      const words = runArgs(folder, { toys: 9, shards: 3 });
      await mustRun(folder, words);
      const good = await fingerprints(dir);
      await spoil({ dir, folder, out: join(dir, OUT), metrics: join(dir, METRICS) });
      if (why !== null) await assertNamed(folder, dir, why);
      await mustRun(folder, words);
      assert.equal(await countDone(dir), 3);
      const names = (await namesIn(join(dir, "aside"))).map((name) => name.replace(/(\.json)\..*$/, "$1"));
      assert.deepEqual(names, aside);
      const now = await fingerprints(dir);
      assert.equal(now.get("shard_0.out.json"), good.get("shard_0.out.json"));
      assert.equal(now.get(OUT) === good.get(OUT), !again, "whether it was fitted again");
      wanted ??= await unsharded(folder, 9);
      assertSameToys(await readJson(join(dir, "merged.out.json")), wanted);
    }));
}

async function assertNamed(folder: string, dir: string, why: RegExp): Promise<void> {
  const status = JSON.parse((await mustRun(folder, ["status", dir, "--check", "--json"], 5)).stdout);
  assert.equal(status.shards[1].state, "failed");
  assert.match(status.shards[1].why, why);
  const before = await readFile(join(dir, "merged.out.json"), "utf8");
  const { code, stdout, stderr } = await nsfarm(folder, ["merge", dir]);
  assert.equal(code, 5, stdout + stderr);
  assert.match(stdout + stderr, /shard 1/);
  assert.doesNotMatch(stderr, /internal error/);
  assert.equal(await readFile(join(dir, "merged.out.json"), "utf8"), before, "a refused merge writes no merged output");
}
