import assert from "node:assert/strict";
import { cp, mkdir, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { inputs, mustRun, nextstat, runDir } from "../support/farm.ts";
import { countDone, readAttempts } from "../support/run_dir.ts";
import { inFolder } from "../support/scratch.ts";
import { assertSameToys, readJson, unsharded } from "../support/toys.ts";

/** 48 toys in 12 shards from seed 100: 5 are done, 2 were being fitted when the driver was killed (tests/recorded/README.md). */
const RECORDED = fileURLToPath(new URL("../recorded/run_of_before", import.meta.url));
const DONE = [0, 1, 2, 3, 4];

/** The recorded run directory as it would lie in this folder. */
async function inRunOfBefore(work: (folder: string, dir: string) => Promise<void>): Promise<void> {
  await inFolder(async (folder) => {
    const dir = runDir(folder, "before");
    await mkdir(join(folder, "runs"));
    await cp(RECORDED, dir, { recursive: true });
    for (const name of ["manifest.json", ...await namesBelow(dir, "attempts"), ...await namesBelow(dir, "claims")]) {
      const text = await readFile(join(dir, name), "utf8");
      await writeFile(join(dir, name), text.replaceAll("@FOLDER@", folder).replaceAll("@HOST@", hostname()));
    }
    for (const name of ["gauss_exp_10k.json", "observed.parquet"]) await cp(join(inputs(), name), join(folder, name));
    await symlink(nextstat(), join(folder, "nextstat"));
    await work(folder, dir);
  });
}

const namesBelow = async (dir: string, folder: string): Promise<string[]> =>
  (await readdir(join(dir, folder))).map((name) => `${folder}/${name}`);

async function assertFinished(folder: string, dir: string, kept: number[]): Promise<void> {
  assert.equal(await countDone(dir), 12);
  assert.deepEqual(await inodes(dir), kept);
  assertSameToys(await readJson(join(dir, "merged.out.json")), await unsharded(folder, 48, ["--seed", "100"]));
  await mustRun(folder, ["verify", dir]);
  assert.deepEqual((await readAttempts(dir)).filter(({ end }) => end === null), []);
  assert.deepEqual([...await readdir(join(dir, "incoming")), ...await readdir(join(dir, "claims"))], []);
}

const inodes = (dir: string): Promise<number[]> =>
  Promise.all(DONE.map(async (shard) => (await stat(join(dir, `shard_${shard}.out.json`))).ino));

Deno.test("the same command finishes a run that the previous version started, and finished shards are kept", () =>
  inRunOfBefore(async (folder, dir) => {
    const kept = await inodes(dir);
    const words = ["--config", "gauss_exp_10k.json", "--n-toys", "48", "--shards", "12", "--seed", "100"];
    const places = ["--nextstat-bin", "./nextstat", "--out-dir", join(folder, "runs"), "--run-id", "before"];
    await mustRun(folder, ["run", ...words, ...places]);
    await assertFinished(folder, dir, kept);
  }));

Deno.test("status, doctor and retry understand a run that the previous version started", () =>
  inRunOfBefore(async (folder, dir) => {
    const kept = await inodes(dir);
    assert.match((await mustRun(folder, ["status", dir])).stdout, /5 done, .*of 12 shards/);
    await mustRun(folder, ["doctor", dir]);
    await mustRun(folder, ["retry", dir, "--wait"]);
    await assertFinished(folder, dir, kept);
  }));
