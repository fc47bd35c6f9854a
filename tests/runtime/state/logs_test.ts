import assert from "node:assert/strict";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { FarmManifest } from "../../../core/schema/manifest.ts";
import type { ShardRecord } from "../../../core/schema/shard_record.ts";
import { beginAttempt } from "../../../runtime/shard/attempts.ts";
import { lastEnd, openShardsOf, readLogs } from "../../../runtime/state/logs.ts";
import local from "../../../schedulers/local.ts";
import { inventedRun, planOf, sampleAttempt, sampleRecord } from "../../fixtures/run.ts";
import { writeShard } from "../../fixtures/run_dir.ts";
import { inFolder } from "../../support/scratch.ts";
import { runOf } from "../support/context.ts";

const failed = (manifest: FarmManifest, stderr_tail: string[], change: Partial<ShardRecord> = {}) =>
  sampleRecord(manifest, planOf(manifest, 1), { cause: "exit", exit_code: 3, stderr_tail, ...change });

/** A run of four shards of which shard 0 is done and shard 1 has ended in these ways; null: an attempt that goes on. */
function inRun(
  endsOf: (manifest: FarmManifest) => (ShardRecord | null)[],
  work: (dir: string, manifest: FarmManifest) => Promise<void> | void,
): Promise<void> {
  return inFolder(async (folder) => {
    const dir = join(folder, "r");
    const manifest = inventedRun(dir);
    await mkdir(join(dir, "incoming"), { recursive: true });
    await writeFile(join(dir, "manifest.json"), JSON.stringify(manifest));
    await writeShard(manifest, planOf(manifest, 0));
    for (const [i, end] of endsOf(manifest).entries()) {
      beginAttempt(dir, sampleAttempt(manifest, planOf(manifest, 1), { attempt: i + 1, end }));
    }
    await work(dir, manifest);
    await rm(join(dir, "incoming"), { recursive: true });
  });
}

Deno.test("logs of a shard are its record, its attempts, and each of its logs that is not empty", () =>
  inRun((manifest) => [failed(manifest, ["no licence"]), null], async (dir, manifest) => {
    await writeFile(join(dir, "shard_1.stdout"), "");
    await writeFile(join(dir, "shard_1.stderr"), "of the first\n");
    await writeFile(join(dir, "incoming", "shard_1.2.stderr"), "of the second\n");
    const { attempts, record, logs } = readLogs(runOf(dir, manifest), planOf(manifest, 1), local);
    assert.deepEqual(attempts.map(({ attempt, end }) => [attempt, end?.exit_code]), [[1, 3], [2, undefined]]);
    assert.equal(record, null);
    assert.deepEqual(logs, [
      { name: "shard_1.stderr", text: "of the first" },
      { name: "incoming/shard_1.2.stderr", text: "of the second" },
    ]);
    const done = readLogs(runOf(dir, manifest), planOf(manifest, 0), local);
    assert.deepEqual([done.record?.cause, done.attempts, done.logs], ["ok", [], []]);
  }));

Deno.test("a shard that is not done is told with its cause, its first line, and a command that fits it by hand", () =>
  inRun((manifest) => [failed(manifest, ["\u001b[31mno licence", "more"])], (dir, manifest) => {
    const shards = [0, 1].map((shard) => ({
      ...{ shard, state: shard === 0 ? "done" as const : "failed" as const, why: "exit 3", host: "n1" },
    }));
    const [only, ...more] = openShardsOf(runOf(dir, manifest), local, shards);
    assert.deepEqual(more, []);
    assert.deepEqual([only?.shard, only?.cause, only?.times], [1, "exit", 1]);
    assert.match(only?.said ?? "", /no licence$/);
    assert.ok(!only?.said?.includes("\u001b"), "a terminal is not changed by it");
    assert.equal(only?.log, join(dir, "attempts", "shard_1.1.json"), "it has no log of its own");
    assert.equal(only?.by_hand?.[0], manifest.nextstat_bin);
    assert.ok(only?.by_hand?.includes("/tmp/shard_1.out.json"), "its output changes nothing in the run");
  }));

Deno.test("ends in the same way are counted from the last one back, whatever numbers their messages have", () => {
  const manifest = inventedRun("/runs/r");
  const end = (line: string, change: Partial<ShardRecord> = {}) => ({ end: failed(manifest, [line], change) });
  assert.deepEqual(lastEnd([]), { last: undefined, times: 0 });
  assert.equal(lastEnd([end("pid 12345: no licence"), end("pid 12399: no licence")]).times, 2);
  assert.equal(lastEnd([end("a"), end("b"), end("b"), { end: null }]).times, 2);
  assert.equal(lastEnd([end("a"), end("a", { exit_code: 4 })]).times, 1);
  assert.equal(lastEnd([end("a"), end("a", { signal: "SIGKILL", cause: "signal" }), end("a")]).times, 1);
});
