import assert from "node:assert/strict";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { FarmManifest } from "../../../core/schema/manifest.ts";
import { cutShards, extendPlans } from "../../../core/toys.ts";
import { isSameBytes } from "../../../runtime/fs/exclusive.ts";
import { changeFarmManifest } from "../../../runtime/run/change_manifest.ts";
import { loadFarmRun, type Run } from "../../../runtime/run/load_manifest.ts";
import { collectRun } from "../../../runtime/state/collect.ts";
import { inventedRun } from "../../fixtures/run.ts";
import { writeRun } from "../../fixtures/run_dir.ts";
import { inFolder } from "../../support/scratch.ts";

const AT = "2026-11-24T20:00:00.000Z";

/** A run of four shards of five toys, all done. */
function inRun(work: (run: Run<FarmManifest>) => Promise<void> | void): Promise<void> {
  return inFolder(async (folder) => {
    const dir = join(folder, "r");
    await writeRun(inventedRun(dir));
    await work(loadFarmRun(dir));
  });
}

const extend = (n: number) => (now: FarmManifest) => extendPlans(now, n, 1, AT);

/** Does something once, just before a file of that name is opened for the first time. */
async function beforeOpening<T>(name: string, act: () => void, work: () => T | Promise<T>): Promise<T> {
  const real = Deno.openSync;
  let isDone = false;
  Reflect.set(Deno, "openSync", (path: string, options?: Deno.OpenOptions) => {
    if (!isDone && path.endsWith(`/${name}`)) {
      isDone = true;
      act();
    }
    return real(path, options);
  });
  try {
    return await work();
  } finally {
    Reflect.set(Deno, "openSync", real);
    assert(isDone, `"${name}" was never opened`);
  }
}

Deno.test("a change applies to the present manifest, not to the one that the command read", () =>
  inRun((stale) => {
    changeFarmManifest(stale, extend(3));
    const { manifest } = changeFarmManifest(stale, extend(5));
    assert.equal(manifest.n_toys, 28);
    assert.deepEqual(manifest.plans.slice(4).map((plan) => [plan.shard_index, plan.seed]), [[4, 62], [5, 65]]);
    assert.deepEqual(loadFarmRun(stale.dir).manifest, manifest);
  }));

Deno.test("a manifest that another program replaces without the lock meanwhile is changed anew", () =>
  inRun(async (run) => {
    let times = 0;
    const { manifest } = changeFarmManifest(run, (now) => {
      if (times++ === 0) Deno.writeTextFileSync(run.manifest_path, JSON.stringify(extend(3)(now)));
      return extend(5)(now);
    });
    assert.deepEqual([times, manifest.n_toys], [2, 28]);
    assert.deepEqual((await readdir(run.dir)).filter((name) => name.endsWith(".tmp")), []);
  }));

Deno.test("a change that fails, or changes nothing, writes nothing and releases the lock", () =>
  inRun(async (run) => {
    const before = await readFile(run.manifest_path, "utf8");
    assert.throws(() => changeFarmManifest(run, extend(2 ** 60)), { kind: "usage" });
    assert.throws(() => changeFarmManifest(run, (now) => ({ ...now, n_toys: 7 })), /contradicts itself/);
    changeFarmManifest(run, (now) => now);
    assert.equal(await readFile(run.manifest_path, "utf8"), before);
    assert.equal(changeFarmManifest(run, extend(1)).manifest.n_toys, 21);
  }));

Deno.test("unknown members of a manifest survive a change", () =>
  inRun(async (run) => {
    await writeFile(run.manifest_path, JSON.stringify({ ...run.manifest, theirs: { a: [1] } }));
    changeFarmManifest(run, extend(1));
    await collectRun(run.dir, null, AT);
    assert.deepEqual(JSON.parse(await readFile(run.manifest_path, "utf8")).theirs, { a: [1] });
  }));

Deno.test("shards that are added during a collect are collected too", () =>
  inRun(async (run) => {
    const report = await beforeOpening(
      "shard_2.metrics.json",
      () => changeFarmManifest(run, extend(3)),
      () => collectRun(run.dir, null, AT),
    );
    assert.deepEqual(report.counts, { total: 5, ok: 4, failed: 0, other: { queued: 1 } });
    const { manifest } = loadFarmRun(run.dir);
    assert.equal(manifest.n_toys, 23);
    assert.deepEqual(manifest.results?.map((row) => row.farm?.state ?? row.status), ["ok", "ok", "ok", "ok", "queued"]);
  }));

Deno.test("a shard that is split during a collect has no row; its pieces have", () =>
  inRun(async (run) => {
    await rm(join(run.dir, "shard_1.metrics.json"));
    await beforeOpening(
      "shard_2.metrics.json",
      () => changeFarmManifest(run, (now) => cutShards(now, [1], AT)),
      () => collectRun(run.dir, null, AT),
    );
    const { manifest } = loadFarmRun(run.dir);
    assert.deepEqual(manifest.plans[1]?.farm?.replaced_by, [4, 5]);
    assert.deepEqual(manifest.results?.map((row) => row.shard_index), [0, 2, 3, 4, 5]);
    assert.equal(manifest.farm.history.length, 1);
  }));

Deno.test("a collect of whole shards does not touch files of attempts of a later extension", () =>
  inRun(async (run) => {
    const incoming = join(run.dir, "incoming");
    await mkdir(incoming);
    for (const name of ["shard_0.2.out.json", "shard_4.1.out.json"]) await writeFile(join(incoming, name), "{");
    await collectRun(run.dir, null, AT);
    assert.deepEqual(await readdir(incoming), ["shard_4.1.out.json"]);
    await rm(incoming, { recursive: true });
  }));

Deno.test("a document that a longer one replaces during opening is read as one of the two", () =>
  inRun(async (run) => {
    const found = await beforeOpening("manifest.json", () => {
      const longer = JSON.stringify(extend(9)(run.manifest), null, 8);
      Deno.writeTextFileSync(`${run.manifest_path}.new`, longer);
      Deno.renameSync(`${run.manifest_path}.new`, run.manifest_path);
    }, () => loadFarmRun(run.dir));
    assert.equal(found.manifest.n_toys, 29);
  }));

Deno.test("a manifest that is read again is what lies there now, however little of it has changed", () =>
  inRun(async (run) => {
    const text = await readFile(run.manifest_path, "utf8");
    for (const digit of [1, 2, 3]) {
      await writeFile(run.manifest_path, text.replace(/"created_at_utc": "2\d/, `"created_at_utc": "2${digit}`));
      assert.equal(loadFarmRun(run.dir).manifest.created_at_utc.slice(0, 2), `2${digit}`);
    }
    await writeFile(run.manifest_path, text.slice(0, -2));
    assert.throws(() => loadFarmRun(run.dir), /is no JSON/);
  }));

Deno.test("two files are the same only where each byte is, at a word's end or behind the last word", () => {
  const bytes = Uint8Array.from({ length: 23 }, (_, i) => i);
  for (const length of [0, 3, 4, 23]) {
    const one = bytes.slice(0, length);
    assert(isSameBytes(one, one.slice()));
    assert(isSameBytes(bytes.subarray(1, length + 1), bytes.slice(1, length + 1)));
    for (let i = 0; i < length; i++) assert(!isSameBytes(one, one.with(i, 99)), `${length} ${i}`);
    assert(!isSameBytes(one, bytes.slice(0, length - 1)));
  }
});
