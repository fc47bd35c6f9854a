import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { copyFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { mustRun, nsfarm, requestArgs, runArgs, runDir } from "../support/farm.ts";
import { inFolder } from "../support/scratch.ts";
import { arrayAt, at, readJson } from "../support/toys.ts";

const SAMPLES = new URL("../samples/starts/", import.meta.url).pathname;

/** Copies a sample and its data to a folder. */
async function sample(folder: string, name: string): Promise<string> {
  for (const file of [`${name}.json`, "obs0.parquet", "obs1.parquet"]) {
    await copyFile(join(SAMPLES, file), join(folder, file));
  }
  return join(folder, `${name}.json`);
}

const merged = (dir: string) => readJson(join(dir, "merged.out.json"));
const mean = (values: readonly number[]) => values.reduce((sum, one) => sum + one, 0) / values.length;

// Own minuit on other toys of this spec, 18 starts a toy: 1.079 +- .026, no toy on the bound.
Deno.test("from eight starts 300 toys with a floating signal have the mean of another minimizer, and any split the same toys", () =>
  inFolder(async (folder) => {
    const config = await sample(folder, "floating_b");
    const asked = ["--starts", "8", "--seed", "11"];
    const more = { toys: 300, config };
    const ran = await mustRun(folder, [...runArgs(folder, { ...more, shards: 7, id: "seven" }), ...asked]);
    await mustRun(folder, [...runArgs(folder, { ...more, shards: 1, id: "one" }), ...asked]);
    assert.match(ran.stderr, /each toy was fitted from 8 starts/);
    const [seven, one] = [await merged(runDir(folder, "seven")), await merged(runDir(folder, "one"))];
    for (const name of ["poi_hat", "nll"]) {
      assert.deepEqual(arrayAt(seven, `results.${name}`), arrayAt(one, `results.${name}`));
    }
    const poi_hat = arrayAt(seven, "results.poi_hat").map(Number);
    assert.ok(Math.abs(mean(poi_hat) - 1.079) < 3 * Math.hypot(0.026, 0.026), `${mean(poi_hat)}`);
    assert.ok(poi_hat.filter((mu) => mu < 1e-6).length <= 6);
    assert.deepEqual(["k", "n_toys"].map((name) => at(seven, `merge.farm.starts.${name}`)), [8, 300]);
    assert.deepEqual(at(seven, "merge.farm.starts"), at(one, "merge.farm.starts"));
    await mustRun(folder, ["verify", runDir(folder, "seven")]);
    await writeFile(join(runDir(folder, "seven"), "starts", "start_1.json"), "{}");
    assert.notEqual((await nsfarm(folder, ["verify", runDir(folder, "seven")])).code, 0);
  }));

Deno.test("pulls of toys that stop on a bound are named and left out of the mean, and the merged summary stays nextstat's", () =>
  inFolder(async (folder) => {
    const config = await sample(folder, "floating_b");
    const args = runArgs(folder, { toys: 100, shards: 2, config, more: ["--pulls", "--seed", "11", "--set", "mu=1"] });
    const { stdout } = await mustRun(folder, args);
    const line =
      /^pulls {2}mean (\S+) .*NOT OF ALL: (\d+) of (\d+) converged toys have no usable sigma \(\d+ lie on a bound of mu/m;
    const [, mean, without, converged] = (line.exec(stdout) ?? []).map(Number);
    assert.ok(Math.abs(mean ?? NaN) < 10 && (without ?? 0) > 10, stdout);
    const document = await merged(runDir(folder));
    assert.ok(Number(at(document, "summary.pull.mean")) < -20);
    assert.equal(at(document, "summary.pull.n_ok"), converged);
    const report = JSON.parse((await mustRun(folder, ["merge", runDir(folder), "--json"])).stdout);
    assert.equal(report.usable_pulls.n_on_bound + report.usable_pulls.n_tiny, without);
    const page = await readFile((await mustRun(folder, ["report", runDir(folder)])).stdout.trim(), "utf8");
    assert.match(page, /NOT OF ALL: \d+ fitted toys have no pull[^<]*or mu is on its bound \(\d+\)/);
  }));

const WARNED = /the fits of \d+ of 40 trial toys do not find the minimum/;

Deno.test("a run says before it begins that its fits miss the minimum, and a sound spec gets no word", () =>
  inFolder(async (folder) => {
    const stderrOf = async (name: string, seed: string): Promise<string> => {
      const config = await sample(folder, name);
      const args = runArgs(folder, { toys: 60, shards: 2, config, id: `${name}${seed}` })
        .filter((word) => word !== "--no-check");
      return (await mustRun(folder, [...args, "--seed", seed])).stderr;
    };
    assert.match(await stderrOf("floating_b", "11"), WARNED);
    for (const seed of ["1", "2", "3"]) assert.doesNotMatch(await stderrOf("fixed_b", seed), /trial toys do not find/);
    const checkOf = async (id: string) =>
      JSON.parse(await readFile(join(runDir(folder, id), "manifest.json"), "utf8")).farm.starts_check;
    const missed = await checkOf("floating_b11");
    assert.ok(missed.n_lower > 10 && missed.poi_mean_lowest > missed.poi_mean);
    const sound = await checkOf("fixed_b1");
    assert.deepEqual([sound.n_toys, sound.n_starts], [40, 3]);
  }));

Deno.test("a run whose start was changed is not gone on with, and a bad --starts is refused before anything is written", () =>
  inFolder(async (folder) => {
    const config = await sample(folder, "floating_b");
    for (const k of ["0", "1.5", "1000", "many"]) {
      const ran = await nsfarm(folder, [...runArgs(folder, { toys: 20, shards: 2, config }), "--starts", k]);
      assert.notEqual(ran.code, 0);
      assert.match(ran.stderr, new RegExp(`"${k}"`));
      assert.equal(existsSync(runDir(folder)), false);
    }
    const render = ["render", ...requestArgs(folder, { toys: 20, shards: 2, config }), "--scheduler", "local"];
    await mustRun(folder, [...render, "--starts", "2"]);
    await writeFile(join(runDir(folder), "starts", "start_1.json"), "{}");
    const ran = await nsfarm(folder, ["submit", runDir(folder), "--wait"]);
    assert.notEqual(ran.code, 0);
    assert.match(ran.stdout + ran.stderr, /start_1\.json" is not the file that the run was rendered with/);
  }));

Deno.test("the toys of a run with starts are those of the run without: most fits end in the same minimum", () =>
  inFolder(async (folder) => {
    const config = await sample(folder, "floating_s");
    const asked = { toys: 40, shards: 2, config, more: ["--seed", "5"] };
    await mustRun(folder, runArgs(folder, { ...asked, id: "plain" }));
    await mustRun(folder, [...runArgs(folder, { ...asked, id: "starts" }), "--starts", "3"]);
    const [plain, starts] = [await merged(runDir(folder, "plain")), await merged(runDir(folder, "starts"))];
    assert.deepEqual(at(starts, "gen.params"), at(plain, "gen.params"));
    const [one, other] = [plain, starts].map((document) => arrayAt(document, "results.nll").map(Number));
    const same = one?.filter((nll, toy) => Math.abs(nll - (other?.[toy] ?? NaN)) < 1e-6).length ?? 0;
    assert.ok(same >= 10, `${same} fits end in the same minimum`);
  }));
