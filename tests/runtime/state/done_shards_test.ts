import assert from "node:assert/strict";
import { readFile, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { loadFarmRun } from "../../../runtime/run/load_manifest.ts";
import { collectRun } from "../../../runtime/state/collect.ts";
import {
  type DoneShard,
  readDoneShards,
  type ShardReader,
  startShardReader,
} from "../../../runtime/state/done_shards.ts";
import { SecondThread } from "../../../runtime/system/second_thread.ts";
import { inventedRun } from "../../fixtures/run.ts";
import { writeRun } from "../../fixtures/run_dir.ts";
import { flipByte } from "../../support/damage.ts";
import { inFolder } from "../../support/scratch.ts";

const SHARDS = 350;
const BAD = [7, 108, 109, 211, 340];

/** Makes a run whose manifest is so large that a second thread pays; some of its shards are bad in different ways. */
async function largeRun(folder: string): Promise<string> {
  const manifest = inventedRun(join(folder, "r"), { n_toys: SHARDS, shards: SHARDS });
  await writeRun(manifest);
  const dir = manifest.run_dir;
  const base = (shard: number) => join(dir, `shard_${shard}`);
  const then = Date.now() / 1000 - 60;
  for (let shard = 0; shard < SHARDS; shard++) await utimes(`${base(shard)}.out.json`, then, then);
  await flipByte(`${base(7)}.out.json`);
  await rm(`${base(108)}.metrics.json`);
  await rm(`${base(109)}.out.json`);
  await writeFile(`${base(211)}.metrics.json`, await readFile(`${base(212)}.metrics.json`));
  await rm(`${base(340)}.metrics.json`);
  await rm(`${base(340)}.out.json`);
  const theirs = { note: "x".repeat(2_000_000) };
  await writeFile(join(dir, "manifest.json"), JSON.stringify({ ...manifest, theirs }));
  return dir;
}

/** Calls `work` as on a machine with so many CPUs. */
async function onCpus<T>(n: number, work: () => T | Promise<T>): Promise<T> {
  Object.defineProperty(navigator, "hardwareConcurrency", { value: n, configurable: true });
  try {
    return await work();
  } finally {
    Reflect.deleteProperty(navigator, "hardwareConcurrency");
  }
}

const ALL = Array.from({ length: SHARDS }, (_, i) => i);
const GOOD = ALL.filter((shard) => !BAD.includes(shard));

Deno.test("a collect with a second thread writes the same bytes and reports the same as one without", () =>
  inFolder(async (folder) => {
    const dir = await largeRun(folder);
    const at = "2026-11-26T05:00:00.000Z";
    const [one, two] = [join(folder, "one.json"), join(folder, "two.json")];
    const alone = await onCpus(1, () => collectRun(dir, one, at));
    const shared = await onCpus(2, () => collectRun(dir, two, at));
    assert.deepEqual(await readFile(two), await readFile(one));
    assert.deepEqual({ ...shared, manifest: one }, alone);
    assert.deepEqual(alone.not_ok.map(({ shard_index }) => shard_index), BAD);
  }));

for (const look of ["proven", "untouched"] as const) {
  Deno.test(`a second thread finds the same shards ${look} as the first`, () =>
    inFolder(async (folder) => {
      const run = loadFarmRun(await largeRun(folder));
      const reader = await onCpus(2, () => startShardReader(run.dir, look));
      assert(reader, "no second thread was started");
      try {
        const list = { look, wanted: Int32Array.from(GOOD), next: new Int32Array(new SharedArrayBuffer(4)) };
        const found: [number, DoneShard][] = [];
        const request = { dir: run.dir, manifest: JSON.stringify(run.manifest), list };
        await reader.request(request, (part) => found.push(...part));
        assert.deepEqual(new Map(found), await readDoneShards(run, GOOD, look, undefined));
        assert.equal(found.length, GOOD.length);
      } finally {
        reader.close();
      }
    }));
}

Deno.test("untouched shards are read up to one that is not, proven ones all", () =>
  inFolder(async (folder) => {
    const run = loadFarmRun(await largeRun(folder));
    const [untouched, proven] = await Promise.all(
      (["untouched", "proven"] as const).map((look) => readDoneShards(run, ALL, look, undefined)),
    );
    assert.deepEqual([...proven?.keys() ?? []], GOOD);
    assert.deepEqual([...untouched?.keys() ?? []], ALL.filter((shard) => shard < 7));
  }));

Deno.test("a second thread that fails leaves all shards to the first", () =>
  inFolder(async (folder) => {
    const run = loadFarmRun(await largeRun(folder));
    const worker = new Worker("data:text/javascript,throw new Error('no memory')", { type: "module" });
    const reader: ShardReader = new SecondThread(worker);
    const found = await readDoneShards(run, ALL, "proven", reader);
    assert.deepEqual([...found.keys()], GOOD);
    assert.deepEqual(await readDoneShards(run, ALL, "proven", reader), found);
    reader.close();
  }));

Deno.test("a small run and a single CPU have no second thread", () =>
  inFolder(async (folder) => {
    const dir = await largeRun(folder);
    assert.equal(await onCpus(1, () => startShardReader(dir, "proven")), undefined);
    const small = inventedRun(join(folder, "small"));
    await writeRun(small);
    assert.equal(await onCpus(2, () => startShardReader(small.run_dir, "proven")), undefined);
  }));
