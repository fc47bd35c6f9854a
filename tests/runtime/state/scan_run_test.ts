import assert from "node:assert/strict";
import { readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { verifyRun } from "../../../runtime/merge/verify.ts";
import { loadFarmRun } from "../../../runtime/run/load_manifest.ts";
import { collectRun } from "../../../runtime/state/collect.ts";
import { scanRun, scanUntouched, type Seen } from "../../../runtime/state/scan.ts";
import { inventedRun } from "../../fixtures/run.ts";
import { writeRun } from "../../fixtures/run_dir.ts";
import { flipByte } from "../../support/damage.ts";
import { inFolder } from "../../support/scratch.ts";
import { MACHINE, runOf } from "../support/context.ts";
import { merge } from "../support/merging.ts";

/** A run of four shards that are done, each fitted a minute before its record was written. */
async function doneRun(folder: string) {
  const manifest = inventedRun(join(folder, "r"));
  await writeRun(manifest);
  const dir = manifest.run_dir;
  const out = (shard: number) => join(dir, `shard_${shard}.out.json`);
  const record = (shard: number) => join(dir, `shard_${shard}.metrics.json`);
  for (const shard of [0, 1, 2, 3]) await setOld(out(shard));
  const scan = async (by: "bytes" | "size and time") =>
    (await scanRun(runOf(dir, manifest), MACHINE, null, by === "bytes" ? null : new Map())).map(({ state }) => state);
  return { dir, out, record, scan };
}

/** Gives a file the times of a minute ago. */
async function setOld(path: string): Promise<void> {
  const then = Date.now() / 1000 - 60;
  await utimes(path, then, then);
}

const WHOLE = ["done", "done", "done", "done"];
const BAD_2 = ["done", "done", "failed", "done"];

Deno.test("a scan by size and time accepts a whole run, and finds a byte that is flipped or cut off after the commit", () =>
  inFolder(async (folder) => {
    const { out, scan } = await doneRun(folder);
    assert.deepEqual(await scan("size and time"), WHOLE);
    assert.deepEqual(await scan("bytes"), WHOLE);
    await flipByte(out(2));
    assert.deepEqual(await scan("size and time"), BAD_2);
    const bytes = await readFile(out(2));
    await writeFile(out(2), bytes.subarray(1));
    await setOld(out(2));
    assert.deepEqual(await scan("size and time"), BAD_2);
  }));

Deno.test("a whole run is seen by size and time alone, and what was seen is kept; one doubtful shard needs the whole look", () =>
  inFolder(async (folder) => {
    const { dir, out } = await doneRun(folder);
    const run = runOf(dir, loadFarmRun(dir).manifest);
    const seen: Seen = new Map();
    const whole = await scanUntouched(run, seen) ?? [];
    assert.deepEqual(
      whole.map(({ state, host, time }) => [state, host, time?.is_committed]),
      WHOLE.map((state) => [state, "n1", true]),
    );
    await rm(out(2));
    assert.deepEqual(await scanUntouched(run, seen), whole);
    assert.equal(await scanUntouched(run, new Map()), null);
  }));

Deno.test("a scan by size and time finds a record that was changed to another shard, run, size or end", () =>
  inFolder(async (folder) => {
    const { record, scan } = await doneRun(folder);
    const text = await readFile(record(2), "utf8");
    for (const change of [/"toy_start": 10/, /"run_token": "9/, /"out_bytes": \d/, /"cause": "ok"/]) {
      const changed = text.replace(change, (found) => found.replace(/10|9|\d|ok/, "0"));
      assert.notEqual(changed, text, `${change}`);
      await writeFile(record(2), changed);
      assert.notEqual((await scan("size and time"))[2], "done", `${change}`);
    }
  }));

Deno.test("collect, merge, verify and every submission find a change that leaves size and time as they were", () =>
  inFolder(async (folder) => {
    const { dir, out, scan } = await doneRun(folder);
    const { atime, mtime } = await stat(out(2));
    await flipByte(out(2));
    await utimes(out(2), atime, mtime);
    assert.deepEqual(await scan("size and time"), WHOLE);
    assert.deepEqual(await scan("bytes"), BAD_2);
    assert.match(verifyRun(dir).findings[0]?.file ?? "", /^shard_2\.out\.json$/);
    assert.equal((await merge(dir)).exit_code, 5);
    const { not_ok } = await collectRun(dir, null, "2026-11-25T00:00:00Z");
    assert.deepEqual(not_ok.map(({ shard_index }) => shard_index), [2]);
  }));
