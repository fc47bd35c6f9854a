import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { mustRun, nsfarm, runArgs, runDir, spec10k } from "../support/farm.ts";
import { readManifest } from "../support/run_dir.ts";
import { inFolder } from "../support/scratch.ts";
import { standIn } from "../support/stand_in.ts";
import { assertUserError } from "../support/user_error.ts";
import { assertSameToys, readJson, unsharded } from "../support/toys.ts";

const merged = (folder: string) => readJson(join(runDir(folder), "merged.out.json"));

for (const more of [[], ["--gen", "mle"], ["--pulls", "--seed", "7"]]) {
  Deno.test(`a run that is extended twice gives the unsharded result (${more.join(" ") || "no options"})`, () =>
    inFolder(async (folder) => {
      await mustRun(folder, runArgs(folder, { toys: 10, shards: 3, more }));
      await mustRun(folder, ["extend", runDir(folder), "--n-toys", "+5", "--wait"]);
      await mustRun(folder, ["extend", runDir(folder), "--n-toys", "+7", "--shards", "2", "--wait"]);
      const theirs = more.map((word) => word === "--pulls" ? ["--max-abs-poi-pull-mean", "1e9"] : [word]).flat();
      assertSameToys(await merged(folder), await unsharded(folder, 22, theirs));
      const { plans, n_toys, shards, farm } = await readManifest(runDir(folder));
      assert.deepEqual([n_toys, shards, plans.length], [22, 3, 7]);
      assert.deepEqual(farm.history.map(({ change }) => change.replace(/, seeds.*/, "")), [
        "extended by 5 toys",
        "extended by 7 toys",
      ]);
      const seeds = plans.flatMap((plan) => Array.from({ length: plan.n_toys }, (_, i) => plan.seed + i));
      assert.equal(new Set(seeds).size, 22, "no seed is there twice");
    }));
}

Deno.test("a run that is extended after failures, or before it was submitted, becomes whole", () =>
  inFolder(async (folder) => {
    const fake = await standIn(folder, `[ -e "$here/mended" ] || [ "$shard" != 1 ] || exit 3`);
    await mustRun(folder, runArgs(folder, { toys: 9, shards: 3, nextstat: fake.path }), 5);
    const { stdout } = await mustRun(folder, ["extend", runDir(folder), "--n-toys", "+6", "--no-submit"]);
    assert.equal(stdout, `${join(runDir(folder), "manifest.json")}\n`);
    await fake.mark("mended");
    await mustRun(folder, ["retry", runDir(folder), "--wait"]);
    assertSameToys(await merged(folder), await unsharded(folder, 15));
    const fits = (await fake.log()).filter((line) => line.what === "end").map((line) => line.shard).sort();
    assert.deepEqual(fits, [0, 1, 2, 3, 4], "what was done was not done again");
  }));

Deno.test("an extension that would be another set is refused, and the run stays unchanged", () =>
  inFolder(async (folder) => {
    const config = join(folder, "spec", "gauss_exp_10k.json");
    await Deno.mkdir(join(folder, "spec"));
    await Deno.copyFile(spec10k(), config);
    await Deno.copyFile(join(spec10k(), "..", "observed.parquet"), join(folder, "spec", "observed.parquet"));
    await mustRun(folder, runArgs(folder, { toys: 6, shards: 2, config }));
    const before = await readFile(join(runDir(folder), "manifest.json"), "utf8");
    const extend = (n: string, ...more: string[]) => nsfarm(folder, ["extend", runDir(folder), "--n-toys", n, ...more]);
    assertUserError(await extend("500"), {
      code: 2,
      line: /--n-toys "500": wanted the number of toys to add/,
      hint: /\+500/,
    });
    assertUserError(await extend("+0"), { code: 2, line: /--n-toys "0"/ });
    assertUserError(await extend("+2", "--shards", "3"), { code: 2, line: /Cannot split 2 toys into 3 shards/ });
    assertUserError(await extend("+9007199254740990"), { code: 2, line: /must stay below 2\^53/ });
    await writeFile(config, (await readFile(config, "utf8")).replace("2500", "2501"));
    assertUserError(await extend("+5"), {
      code: 3,
      line: /Cannot extend ".*": ".*" is not the file that the run was rendered with/,
    });
    assert.equal(await readFile(join(runDir(folder), "manifest.json"), "utf8"), before);
  }));

Deno.test("an extension takes seeds that no run in the folder has; it is merged, verified, and merged with that run", () =>
  inFolder(async (folder) => {
    await mustRun(folder, runArgs(folder, { toys: 6, shards: 2 }));
    await mustRun(folder, runArgs(folder, { toys: 6, shards: 2, id: "next", more: ["--seed", "next"] }));
    const { stderr } = await mustRun(folder, ["extend", runDir(folder), "--n-toys", "+4", "--shards", "2", "--wait"]);
    assert.match(
      stderr,
      /6 \+ 4 toys: shards 2-3 with the seeds 54 to 57, new in this run; another run in the folder has the next ones/,
    );
    assert.doesNotMatch(stderr, /same toys/);
    await mustRun(folder, ["verify", runDir(folder)]);
    await mustRun(folder, ["status", runDir(folder), "--check"]);
    const both = [runDir(folder), runDir(folder, "next")].flatMap((dir) => ["--input", join(dir, "merged.out.json")]);
    const { stdout } = await mustRun(folder, ["merge", ...both, "--out", join(folder, "both.json")]);
    assert.match(stdout, /16 of 16 toys/);
    assertSameToys(await readJson(join(folder, "both.json")), await unsharded(folder, 16));
  }));
