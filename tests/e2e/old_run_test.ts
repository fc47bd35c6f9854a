import assert from "node:assert/strict";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { NOW, oldManifest, oldRun, pythonRow, RUN_ID, writeManifest } from "../runtime/support/old_dir.ts";
import { mustRun, readPage } from "../support/farm.ts";
import { filesBelow } from "../support/files_below.ts";
import { examine, followAdvice } from "../support/follow_advice.ts";
import { inFolder } from "../support/scratch.ts";

const FAULT = "Error: failed to open /data/observed.parquet";

/** A collected run of the Python ssh runner: shard 1 failed, shard 2 has left nothing; each shard has a folder. */
async function failedRun(folder: string): Promise<string> {
  const { dir, farm } = await oldRun(folder);
  const rows = farm.plans.map((plan) => Object(pythonRow(dir, plan.shard_index)));
  for (const [i, row] of rows.entries()) {
    const own = join(dir, "shards", `shard_00${i}_w${i}`);
    await mkdir(own, { recursive: true });
    for (const [kind, name] of [["output", "out.json"], ["stdout", "stdout.log"], ["stderr", "stderr.log"]]) {
      const was = kind === "output" ? `shard_${i}.out.json` : `shard_${i}.${kind}`;
      await rename(join(dir, was), join(own, name ?? ""));
      row[`local_${kind}`] = join(own, name ?? "");
    }
    row.local_dir = own;
  }
  await rm(rows[1].local_output);
  await writeFile(rows[1].local_stderr, `\n${FAULT}\nmore of it\n`);
  await writeFile(join(dir, "shard_1.rc"), "1\n");
  await rm(rows[2].local_output);
  await rm(join(dir, "shard_2.rc"));
  Object.assign(rows[1], { status: "failed", rc: 1 });
  Object.assign(rows[2], { status: "failed", rc: null });
  await writeManifest(dir, { ...oldManifest(farm), results: rows, collected_at_utc: NOW });
  return dir;
}

Deno.test("status, doctor, logs and report show what the files of an old run contain, and change none of them", () =>
  inFolder(async (folder) => {
    const dir = await failedRun(folder);
    const before = await filesBelow(dir);

    const status = await mustRun(folder, ["status", dir]);
    assert.match(status.stdout, /^demo_sh4 \(htcondor\): 2 done, 1 failed, 1 unknown of 4 shards\n10 of 20 toys\n/);
    assert.match(status.stdout, /failed .*nextstat ended with exit 1: shard 1 on w1/);
    assert.match(status.stdout, /can neither run it nor see whether its jobs run/);
    await mustRun(folder, ["status", dir, "--check"], 5);
    const { counts, shards } = JSON.parse((await mustRun(folder, ["status", dir, "--json"])).stdout);
    assert.deepEqual(counts, { done: 2, failed: 1, unknown: 1 });
    assert.deepEqual(shards.map(({ state }: { state: string }) => state), ["done", "failed", "unknown", "done"]);

    const doctor = await mustRun(folder, ["doctor", dir]);
    assert.ok(doctor.stdout.includes(FAULT), doctor.stdout);
    assert.ok(doctor.stdout.includes(join(dir, "shards", "shard_001_w1", "stderr.log")), doctor.stdout);
    assert.doesNotMatch(doctor.stdout, /retry|Nothing is wrong/);

    const logs = await mustRun(folder, ["logs", dir, "1"]);
    assert.match(logs.stdout, /nextstat ended with exit 1 after 2 s on w1/);
    assert.ok(logs.stdout.includes(`  | ${FAULT}\n  | more of it`), logs.stdout);

    await mustRun(folder, ["report", dir, "--out", join(folder, "page.html")]);
    assert.ok((await readPage(join(folder, "page.html"))).includes(FAULT));

    assert.deepEqual(await filesBelow(dir), before);
  }));

Deno.test("doctor says how to merge a whole old run, and then that nothing is wrong", () =>
  inFolder(async (folder) => {
    const { dir } = await oldRun(folder);
    const run = (args: string[]) => mustRun(folder, args);
    assert.deepEqual((await examine(run, dir)).troubles, []);
    assert.deepEqual(await followAdvice(run, dir), ["merge"]);
    assert.match(
      (await mustRun(folder, ["doctor", dir])).stdout,
      /Nothing is wrong: all toys are merged into .*merged\.out\.json/,
    );
    assert.match((await mustRun(folder, ["logs", dir, "0"])).stdout, /ended with exit 0 after 1 s on w0/);
  }));

const RUNS: string[][] = [["submit"], ["retry"], ["extend", "--n-toys", "+5"], ["work"], ["cancel"], ["finish"]];

for (const [command = "", ...more] of RUNS) {
  Deno.test(`${command} refuses an old run, and names the commands for it`, () =>
    inFolder(async (folder) => {
      const { dir } = await oldRun(folder);
      const before = await filesBelow(dir);
      const { stderr } = await mustRun(folder, [command, dir, ...more], 3);
      assert.ok(stderr.includes(`The run "${RUN_ID}" was rendered by other scripts, so it cannot be run from here`));
      for (const word of ["status", "verify", "collect", "merge"]) assert.ok(stderr.includes(word), stderr);
      assert.deepEqual(await filesBelow(dir), before);
    }));
}
