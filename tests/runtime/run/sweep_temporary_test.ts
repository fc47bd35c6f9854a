import assert from "node:assert/strict";
import { link, mkdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { temporaryName } from "../../../core/run_paths.ts";
import { listNames } from "../../../runtime/fs/list.ts";
import { UNKNOWN_BOOT } from "../../../runtime/fs/write.ts";
import { sweepDone, sweepForgotten, sweepTemporary } from "../../../runtime/run/temporary.ts";
import { inspectMachine } from "../../../runtime/system/machine.ts";
import { inFolder } from "../../support/scratch.ts";
import { sleepingChild } from "../support/child.ts";

const machine = await inspectMachine();
const NOBODY = { boot_id: UNKNOWN_BOOT, pid: 4_194_000, start_ticks: "0" };

/** A folder inside a test's own, so that what is meant to stay is removed with it. */
function inRun(work: (dir: string) => Promise<void>): Promise<void> {
  return inFolder(async (folder) => {
    const dir = join(folder, "r");
    await mkdir(dir);
    await work(dir);
    await Deno.remove(dir, { recursive: true });
  });
}

/** Makes a temporary file of a process, last written to so many minutes ago. */
async function left(dir: string, owner: typeof NOBODY, minutes: number): Promise<string> {
  const name = temporaryName("merged.out.json", owner, `u${minutes}`);
  await writeFile(join(dir, name), "x");
  const then = new Date(Date.now() - minutes * 60_000);
  await utimes(join(dir, name), then, then);
  return name;
}

Deno.test("temporary files of dead processes of this machine are removed, those of living ones stay, those of other machines stay for an hour", () =>
  inRun(async (dir) => {
    const child = await sleepingChild();
    try {
      await left(dir, { ...machine.process, pid: 4_194_000, start_ticks: "1" }, 0);
      const living = await left(dir, child.id, 500);
      const foreign = await left(dir, { boot_id: "ffffffff-0", pid: 1, start_ticks: "1" }, 59);
      await left(dir, { boot_id: "ffffffff-0", pid: 1, start_ticks: "1" }, 61);
      await sweepTemporary(dir, machine);
      assert.deepEqual(listNames(dir).sort(), [living, foreign].sort());
    } finally {
      await child.end();
    }
  }));

Deno.test("temporary files with an unknown owner are removed after an hour without a write", () =>
  inRun(async (dir) => {
    await left(dir, NOBODY, 61);
    const fresh = await left(dir, NOBODY, 59);
    await writeFile(join(dir, "merged.out.json"), "");
    sweepForgotten(dir);
    assert.deepEqual(listNames(dir).sort(), [fresh, "merged.out.json"].sort());
    sweepForgotten(join(dir, "none"));
  }));

Deno.test("half fetched files of a killed driver in incoming/ are removed with its other temporary files", () =>
  inRun(async (dir) => {
    await mkdir(join(dir, "incoming"));
    await left(join(dir, "incoming"), { ...machine.process, pid: 4_194_000, start_ticks: "1" }, 0);
    await sweepTemporary(dir, machine);
    assert.deepEqual(listNames(join(dir, "incoming")), []);
  }));

Deno.test("a file kept aside keeps one of the two names that a killed process left it; other files keep their own", () =>
  inRun(async (dir) => {
    const aside = join(dir, "aside");
    await mkdir(aside);
    const put = (name: string) => writeFile(join(aside, name), "x");
    for (const name of ["shard_3.out.json", "shard_4.out.json", "shard_4.out.json.0123abcd"]) await put(name);
    await link(join(aside, "shard_3.out.json"), join(aside, "shard_3.out.json.e81aceb4"));
    await link(join(aside, "shard_4.out.json"), join(dir, "a user's own name"));
    sweepDone(dir, new Set(listNames(dir)));
    assert.deepEqual(listNames(aside).sort(), ["shard_3.out.json", "shard_4.out.json", "shard_4.out.json.0123abcd"]);
  }));
