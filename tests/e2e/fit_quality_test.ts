import assert from "node:assert/strict";
import { copyFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { inputs, mustRun, nextstat, readPage, runArgs, runDir, spec10k } from "../support/farm.ts";
import { inFolder } from "../support/scratch.ts";
import { arrayAt, assertClose, at, type Json, readJson } from "../support/toys.ts";

/**
 * As in the published studies, scaled down: yields of 20,000 and observed data of 10,000 events. The observed fit ends
 * at mu = 0, and so do all toys, whatever they were generated at.
 */
async function stuckSpec(folder: string): Promise<string> {
  const text = await readFile(spec10k(), "utf8");
  const spec = join(folder, "stuck.json");
  await copyFile(join(inputs(), "observed.parquet"), join(folder, "observed.parquet"));
  await writeFile(
    spec,
    text.replace(/"base_yield": 2500\b/, '"base_yield": 5000').replace(/"value": 7500\b/, '"value": 15000'),
  );
  return spec;
}

const STUCK = /warning: all 6 toys are on the lower bound of mu \(0\), generated at mu = 1: none is expected there/;
const WARNED = /warning: nextstat warned in 3 of 3 shards: Hessian inversion failed, using diagonal approximation/;

Deno.test("run, merge, status, doctor, report, plan and sweep report toys that all sit on a bound", () =>
  inFolder(async (folder) => {
    const config = await stuckSpec(folder);
    const dir = runDir(folder);
    const ran = await mustRun(folder, runArgs(folder, { toys: 6, shards: 3, config }));
    assert.match(ran.stderr, STUCK);
    assert.match(ran.stderr, WARNED);
    assert.match((await mustRun(folder, ["merge", dir])).stderr, STUCK);
    assert.match((await mustRun(folder, ["status", dir])).stdout, STUCK);
    const doctor = (await mustRun(folder, ["doctor", dir])).stdout;
    assert.match(doctor, STUCK);
    assert.doesNotMatch(doctor, /Nothing is wrong/);
    assert.match((await mustRun(folder, ["plan", "--from", dir])).stdout, /all 6 toys are on the lower bound of mu/);
    await mustRun(folder, ["report", dir]);
    const page = await readFile(join(dir, "report.html"), "utf8");
    assert.match(page, /How the toys were fitted/);
    assert.match(page, /<b>all 6<\/b><span>toys on the lower bound of mu/);
    assert.match((await mustRun(folder, ["verify", dir])).stdout, STUCK);
    const merged = await readJson(join(dir, "merged.out.json"));
    assertFits(at(merged, "merge.farm.fits"));
    for (const [words, path] of [[["merge", dir], "fits"], [["status", dir], null], [["doctor", dir], null]] as const) {
      const document: Json = JSON.parse((await mustRun(folder, [...words, "--json"])).stdout);
      if (path) assertFits(at(document, path));
      else {assert.match(
          JSON.stringify(at(document, "merged_check.findings")),
          /all 6 toys are on the lower bound of mu/,
        );}
    }
    const sweep = ["--config", config, "--n-toys", "6", "--shards-list", "2,3", "--threads", "1"];
    const more = ["--nextstat-bin", nextstat(), "--out-root", join(folder, "runs"), "--sweep-id", "s", "--no-check"];
    const swept = await mustRun(folder, ["sweep", "run", ...sweep, ...more]);
    assert.match(swept.stderr, /warning: s_sh2 and 1 more: all 6 toys are on the lower bound of mu \(0\)/);
    const summary = await readFile(join(folder, "runs", "s.summary.md"), "utf8");
    assert.match(summary, /WARNING: s\\?_sh2 and 1 more: all 6 toys are on the lower bound of mu/);
  }));

function assertFits(fits: Json): void {
  for (const name of ["n_toys", "n_on_lower"]) assert.equal(at(fits, name), 6);
  assertClose(at(fits, "poi_bounds"), [0, 5], 0);
  assertClose(at(fits, "findings"), [{ kind: "lower_bound", value: 0, n: 6, expected: 0, error: null }], 0);
  const text = "Hessian inversion failed, using diagonal approximation";
  assertClose(at(fits, "warnings"), [{ text, n_shards: 3, n_lines: 3 }], 0);
}

Deno.test("a merge of merges judges all its toys, with the warnings of all its shards", () =>
  inFolder(async (folder) => {
    const config = await stuckSpec(folder);
    const out = join(folder, "both.json");
    const words = ["merge", "--out", out];
    for (const seed of ["1000", "2000"]) {
      await mustRun(folder, runArgs(folder, { toys: 6, shards: 3, config, id: `r${seed}`, more: ["--seed", seed] }));
      words.push("--input", join(runDir(folder, `r${seed}`), "merged.out.json"));
    }
    assert.match((await mustRun(folder, words)).stderr, /warning: all 12 toys are on the lower bound of mu \(0\)/);
    const fits = at(await readJson(out), "merge.farm.fits");
    assertClose(at(fits, "poi_bounds"), [0, 5], 0);
    const text = "Hessian inversion failed, using diagonal approximation";
    assertClose(at(fits, "warnings"), [{ text, n_shards: 6, n_lines: 6 }], 0);
  }));

Deno.test("render and run --dry-run report that the observed data do not fit the spec, unless the check is off", () =>
  inFolder(async (folder) => {
    const config = await stuckSpec(folder);
    const words = [...runArgs(folder, { toys: 6, shards: 3, config }).slice(1).filter((word) => word !== "--no-check")];
    for (const command of [["run", ...words, "--dry-run"], ["render", ...words]]) {
      const { stderr } = await mustRun(folder, command);
      assert.match(stderr, /warning: the fit of the observed data ends on the lower bound of mu \(0\)/);
      assert.match(stderr, /warning: the trial toy, generated at mu = 1, ends there too/);
      assert.match(stderr, /warning: the channel "main" has 10000 observed events, and yields of 15000 to 40000/);
      assert.match(stderr, /warning: nextstat warned in the fit of the observed data: Hessian inversion failed/);
    }
    const manifest = await readJson(join(runDir(folder), "manifest.json"));
    assertClose(at(manifest, "farm.trial.at_bounds"), [{ name: "mu", bound: "lower", value: 0 }], 0);
    const silent = await mustRun(folder, [
      "render",
      ...runArgs(folder, { toys: 6, shards: 3, config, id: "b" }).slice(1),
    ]);
    assert.deepEqual(fitWarningsIn(silent.stderr), []);
  }));

const REASON =
  /The reason: toy fits start from that of the observed data; the fit of the observed data ends on the lower bound of mu \(0\); the channel "main" has 10000 observed events, and yields of 15000 to 40000 within their bounds\. .*--starts 2/;

Deno.test("toys on a bound have their reason and the way out in run, status and report, and the way out frees them", () =>
  inFolder(async (folder) => {
    const config = await stuckSpec(folder);
    const words = (id: string) =>
      runArgs(folder, { toys: 6, shards: 3, config, id }).filter((word) => word !== "--no-check");
    assert.match((await mustRun(folder, words("stuck"))).stderr, REASON);
    const dir = runDir(folder, "stuck");
    assert.match((await mustRun(folder, ["status", dir])).stdout, REASON);
    await mustRun(folder, ["report", dir]);
    assert.match((await readPage(join(dir, "report.html"))).replaceAll("&quot;", '"'), REASON);
    const { stderr } = await mustRun(folder, [...words("free"), "--starts", "2"]);
    assert.doesNotMatch(stderr, /lower bound/);
    const hats = arrayAt(await readJson(join(runDir(folder, "free"), "merged.out.json")), "results.poi_hat").map(
      Number,
    );
    assert.ok(hats.every((mu) => Math.abs(mu - 1) < 0.2), `${hats}`);
  }));

Deno.test("toys that fit nothing are reported, and toys near a bound, on which nextstat leaves most, by their number", () =>
  inFolder(async (folder) => {
    const fitted = async (id: string, more: string[]) => {
      const words = runArgs(folder, { toys: 60, shards: 3, id, more }).filter((word) => word !== "--no-check");
      return fitWarningsIn((await mustRun(folder, words)).stderr);
    };
    assert.deepEqual(await fitted("one", []), []);
    const fits = at(await readJson(join(runDir(folder, "one"), "merged.out.json")), "merge.farm.fits");
    assert.equal(at(fits, "n_on_lower"), 0);
    const [missed = "", line = ""] = await fitted("near", ["--set", "mu=0.1", "--seed", "500"]);
    assert.match(missed, /^warning: the fits of \d\d of 40 trial toys do not find the minimum: /);
    assert.match(line, /^warning: \d\d of 60 toys are on the lower bound of mu \(0\), generated at mu = 0.1: /);
  }));

/** Warnings, but for that of seeds that another run has too. */
function fitWarningsIn(stderr: string): string[] {
  return stderr.split("\n").filter((line) => line.startsWith("warning: ") && !line.includes("have the seeds of"));
}
