import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { mustRun, nsfarm, renderRun, requestArgs, runArgs, runDir, start } from "../support/farm.ts";
import { assertLowest, startsSample as sample } from "../support/lowest_fits.ts";
import { countDone, fingerprints, readManifest, readRecord } from "../support/run_dir.ts";
import { endProcesses, inFolder, processesOf, until } from "../support/scratch.ts";
import { standIn } from "../support/stand_in.ts";

const STARTS = ["--starts", "2", "--seed", "5"];
const TOYS = 12;

async function assertWhole(dir: string, toys = TOYS): Promise<void> {
  await assertLowest(dir, await readManifest(dir), toys);
}

for (const [what, isAll] of [["the driver", false], ["all its processes", true]] as const) {
  Deno.test(`a run with starts goes on after SIGKILL of ${what}, between the fits of a shard, and no shard is done twice`, () =>
    inFolder(async (folder) => {
      const config = await sample(folder);
      const second = `[ "$shard" -lt 2 ] || [ -e "$here/go" ] || ! grep -q "^end $shard " "$here/fits.log" || sleep 2`;
      const fake = await standIn(folder, second);
      const words = [...runArgs(folder, { toys: TOYS, shards: 4, config, nextstat: fake.path }), ...STARTS];
      const dir = runDir(folder);
      const run = start(folder, words);
      await until("a second fit of a shard runs", async () => {
        return await countDone(dir) === 2 && (await fake.log()).some(({ what, shard }) => what === "end" && shard > 1);
      });
      run.kill("SIGKILL");
      await run.ended;
      if (isAll) await endProcesses(folder);
      const kept = await fingerprints(dir);
      await fake.mark("go");
      await mustRun(folder, words);
      await assertWhole(dir);
      const now = await fingerprints(dir);
      for (const [name, print] of kept) assert.equal(now.get(name), print, name);
      assert.deepEqual((await fake.log()).filter(({ what }) => what === "double"), []);
      assert.deepEqual(await processesOf(folder), []);
    }));
}

Deno.test("`work` by hand with retry, and --recover, finish a run with starts", () =>
  inFolder(async (folder) => {
    const config = await sample(folder);
    const fails = `[ "$shard.$attempt" != 1.1 ] || exit 3`;
    const { path: fake } = await standIn(folder, fails);
    const byHand = await renderRun(folder, { toys: TOYS, shards: 3, config, nextstat: fake, id: "w", more: STARTS });
    await nsfarm(folder, ["work", byHand, "--slots", "2"]);
    assert.equal(await countDone(byHand), 2);
    await mustRun(folder, ["retry", byHand, "--wait"]);
    await assertWhole(byHand);
    const options = { toys: TOYS, shards: 3, config, nextstat: fake, id: "recovered", more: STARTS };
    await mustRun(folder, [...runArgs(folder, options), "--recover", "2"]);
    await assertWhole(runDir(folder, "recovered"));
    assert.equal((await readRecord(runDir(folder, "recovered"), 1)).attempt, 2);
  }));

Deno.test("a run with starts whose generation point is no point of the spec is refused before anything is written", () =>
  inFolder(async (folder) => {
    const config = await sample(folder);
    for (
      const [set, reason] of [["nosuch=1", /unknown parameter name.*nosuch/], [
        "mu=9",
        /mu.* 9 is outside bounds/,
      ]] as const
    ) {
      const args = [...runArgs(folder, { toys: TOYS, shards: 2, config }), ...STARTS, "--set", set];
      const ran = await nsfarm(folder, args);
      assert.equal(ran.code, 3, ran.stderr);
      assert.match(ran.stderr, reason);
      assert.equal(existsSync(join(folder, "runs")), false);
    }
    const counts = ["--workload", "hypotest-toys", "--mu", "1", "--starts", "2"];
    const one = await sample(folder, "one_bin_55");
    const ran = await nsfarm(folder, [
      "render",
      ...requestArgs(folder, { toys: 4, shards: 2, config: one }),
      ...counts,
    ]);
    assert.equal(ran.code, 2, ran.stderr);
    assert.match(ran.stderr, /Cannot use --starts with hypotest-toys/);
    assert.equal(existsSync(join(folder, "runs")), false);
  }));

Deno.test("where a start's data are gone or changed no fit begins, and the file is named", () =>
  inFolder(async (folder) => {
    const config = await sample(folder);
    const dir = await renderRun(folder, { toys: TOYS, shards: 2, config, more: STARTS });
    const data = join(dir, "starts", "start_1.parquet");
    const bytes = await Deno.readFile(data);
    const refused = async (reason: RegExp) => {
      const ran = await nsfarm(folder, ["submit", dir, "--wait"]);
      assert.notEqual(ran.code, 0);
      assert.match(ran.stdout + ran.stderr, reason);
      assert.equal(await countDone(dir), 0);
    };
    await rm(data);
    await refused(/start_1\.parquet/);
    await writeFile(data, bytes.slice(0, -1));
    await refused(/start_1\.parquet" is not the file that the run was rendered with/);
    await writeFile(data, bytes);
    await mustRun(folder, ["retry", dir, "--wait"]);
    await assertWhole(dir);
  }));
