import assert from "node:assert/strict";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { mustRun, nextstat, nsfarm, runDir, spec10k, start } from "../support/farm.ts";
import { assertUserError } from "../support/user_error.ts";
import { countDone, readManifest } from "../support/run_dir.ts";
import { inFolder, until } from "../support/scratch.ts";
import { readJson } from "../support/toys.ts";
import { wholeTest, writeCounts, writeWorkspace } from "../support/workspace.ts";

interface Asked {
  config: string;
  workload?: string;
  mu?: string;
  toys: number;
  shards: number;
  seed?: string;
  id?: string;
  more?: string[];
}

/** Returns the words of `run` for a hypothesis test. */
function testArgs(folder: string, { config, toys, shards, ...asked }: Asked): string[] {
  const { workload = "hypotest-toys", mu = "1", seed = "42", id = "r", more = [] } = asked;
  return [
    ...["run", "--workload", workload, "--config", config, "--mu", mu, "--n-toys", `${toys}`, "--shards", `${shards}`],
    ...["--seed", seed, "--threads", "1", "--nextstat-bin", nextstat(), "--out-dir", join(folder, "runs")],
    ...["--run-id", id, ...more],
  ];
}

/** Members that one nextstat run of all toys prints, without the run's own. */
async function ownMembers(dir: string) {
  const merged = await readJson(join(dir, "merged.out.json"));
  assert(typeof merged === "object" && merged !== null && !Array.isArray(merged));
  const { merge: _, ...own } = merged;
  return own;
}

const CASES = [
  { workload: "hypotest-toys", toys: 400, shards: 4, mu: "1", seed: "7" },
  { workload: "hypotest-toys", toys: 101, shards: 7, mu: "0.5", seed: "123456" },
  { workload: "hypotest-toys", toys: 12, shards: 12, mu: "2.25", seed: "42" },
  { workload: "hypotest-toys", toys: 50, shards: 1, mu: "3", seed: "1" },
  { workload: "unbinned-hypotest-toys", toys: 12, shards: 5, mu: "1.04", seed: "7" },
  { workload: "unbinned-hypotest-toys", toys: 6, shards: 6, mu: "1.1", seed: "11" },
];
for (const { toys, shards, ...one } of CASES) {
  Deno.test(`${one.workload}: ${toys} toys at mu = ${one.mu} in ${shards} shards give what one nextstat run of all toys prints`, () =>
    inFolder(async (folder) => {
      const config = one.workload === "hypotest-toys" ? await writeWorkspace(folder) : spec10k();
      await mustRun(folder, testArgs(folder, { config, toys, shards, ...one }));
      const words = ["--mu", one.mu, "--n-toys", `${toys}`, "--seed", one.seed];
      assert.deepEqual(await ownMembers(runDir(folder)), await wholeTest(folder, one.workload, config, words));
      const manifest = await readManifest(runDir(folder));
      assert.equal(manifest.schema_version, "nextstat.cpu_farm_hypotest_toys_run.v1");
      assert.equal(manifest.farm.workload?.name, one.workload);
      const verified = await mustRun(folder, ["verify", runDir(folder)]);
      assert.match(verified.stdout, /shards valid, merged\.out\.json good; verified/);
      await mustRun(folder, ["status", runDir(folder), "--check"]);
    }));
}

Deno.test("a hypothesis test prints CLs and both probabilities with their errors, and the asymptotic CLs beside them", () =>
  inFolder(async (folder) => {
    const config = await writeWorkspace(folder);
    const { stdout } = await mustRun(folder, testArgs(folder, { config, toys: 400, shards: 4, seed: "7" }));
    assert.match(stdout, /^CLs {4}0\.133 ± 0\.026 at mu = 1 {2}asymptotic 0\.05252$/m);
    assert.match(stdout, /^CLs\+b {2}0\.06484, 68 % interval 0\.05034 to 0\.07707: 25 of 400 toys$/m);
    assert.match(stdout, /^CLb {4}0\.4888, 68 % interval 0\.4613 to 0\.5137: 195 of 400 toys$/m);
    assert.match(
      stdout,
      /^the auxiliary data of 1 constrained parameter \(uncorr\) stay .*: CLs can differ by a factor of 2$/m,
    );
    // pyhf 0.7.6, main model at fixed_poi_fit: 0.000727 and 0.003050.
    assert.match(
      stdout,
      /^the observed counts have probability 0\.00073 in s\+b and 0\.003 in b-only toys \(at the fit of each to the data\)/m,
    );
    const report = await mustRun(folder, ["report", runDir(folder)]);
    const page = await readFile(report.stdout.trim(), "utf8");
    assert.match(page, /<h2>Result<\/h2><ul><li>CLs: 0\.133 ± 0\.026 at mu = 1; asymptotic 0\.05252<\/li><li>CLs\+b: /);
    assert.match(page, /hypotest-toys at mu = 1: 400 toys in 4 shards/);
  }));

Deno.test("a test that only counts has the probability of its counts that nextstat's likelihood has, and no auxiliary data", () =>
  inFolder(async (folder) => {
    const config = await writeCounts(folder, { signal: [10, 2], background: [20, 8], observed: [18, 9] });
    const ran = await mustRun(folder, testArgs(folder, { config, toys: 40, shards: 2 }));
    assert.doesNotMatch(ran.stdout, /auxiliary/);
    const { merge: { farm } } = JSON.parse(await readFile(join(runDir(folder), "merged.out.json"), "utf8"));
    assert.equal("fixed_auxiliary" in farm, false);
    assert.equal(farm.ties.at, "conditional_fit");
    const unfitted = await mustRun(
      folder,
      testArgs(folder, { config, toys: 40, shards: 2, id: "unfitted", more: ["--no-check"] }),
    );
    assert.match(unfitted.stdout, /^the observed counts have .* \(at nominal values of the other parameters\)/m);
    const workspace = await readFile(config, "utf8");
    for (const [mu, probability] of [[1, farm.ties.sb], [0, farm.ties.b]]) {
      const held = join(folder, "held.json");
      const parameters = JSON.stringify([{ name: "mu", inits: [mu], bounds: [[mu, mu]] }]);
      await writeFile(held, workspace.replace('"parameters":[]', `"parameters":${parameters}`));
      const fit = await new Deno.Command(nextstat(), { args: ["fit", "--input", held] }).output();
      const { nll } = JSON.parse(new TextDecoder().decode(fit.stdout));
      assert(Math.abs(probability / Math.exp(-nll) - 1) < 1e-9, `${probability}, nextstat ${Math.exp(-nll)}`);
    }
  }));

Deno.test("a killed test goes on, and an extended one gives the sum of one run of all toys", () =>
  inFolder(async (folder) => {
    const config = await writeWorkspace(folder);
    const words = testArgs(folder, { config, toys: 3000, shards: 30 });
    const first = start(folder, words);
    await until("three shards are done", async () => await countDone(runDir(folder)) >= 3);
    first.kill("SIGKILL");
    await first.ended;
    const left = 30 - await countDone(runDir(folder));
    assert(left > 0, "it was whole before it was killed");
    await mustRun(folder, words);
    const whole = (toys: number) => wholeTest(folder, "hypotest-toys", config, ["--mu", "1", "--n-toys", `${toys}`]);
    assert.deepEqual(await ownMembers(runDir(folder)), await whole(3000));
    await mustRun(folder, ["extend", runDir(folder), "--n-toys", "+500"]);
    await mustRun(folder, ["retry", runDir(folder), "--wait"]);
    await mustRun(folder, ["merge", runDir(folder)]);
    assert.deepEqual(await ownMembers(runDir(folder)), await whole(3500));
  }));

Deno.test("outputs of another mu, of other observed data, or with changed counts are not merged", () =>
  inFolder(async (folder) => {
    const config = await writeWorkspace(folder);
    await mustRun(folder, testArgs(folder, { config, toys: 40, shards: 4 }));
    const path = join(runDir(folder), "shard_2.out.json");
    const good = await readFile(path, "utf8");
    for (const change of ['"mu_test": 1.0', '"q_obs": 3', '"clsb": 0', '"seed": 62']) {
      assert(good.includes(change));
      await writeFile(path, good.replace(change, change.replace(/\d(\.0)?$/, "9")));
      const { stderr } = await mustRun(folder, ["merge", runDir(folder)], 5);
      assert.match(stderr, /nothing merged: the set is incomplete\n {2}shard 2: shard_2\.out\.json /);
    }
    await rm(path);
    await mustRun(folder, ["merge", runDir(folder)], 5);
    const { stdout, stderr } = await mustRun(folder, ["merge", runDir(folder), "--allow-partial"]);
    assert.match(stdout, /3 of 4 shards, 30 of 40 toys \(PARTIAL\)/);
    assert.match(stderr, /partial merge, 30 of 40 toys:/);
    await writeFile(path, good);
    await mustRun(folder, ["merge", runDir(folder)]);
  }));

Deno.test("merged tests of two runs are merged by --input into what one nextstat run of all toys prints", () =>
  inFolder(async (folder) => {
    const config = await writeWorkspace(folder);
    const paths: string[] = [];
    for (const [id, seed, mu] of [["a", "42", "1"], ["b", "142", "1"], ["c", "242", "1.5"]] as const) {
      await mustRun(folder, testArgs(folder, { config, toys: 100, shards: 2, id, seed, mu }));
      paths.push("--input", join(runDir(folder, id), "merged.out.json"));
    }
    const out = join(folder, "both.json");
    await mustRun(folder, ["merge", ...paths.slice(0, 4), "--out", out]);
    const { merge: _, ...own } = JSON.parse(await readFile(out, "utf8"));
    assert.deepEqual(own, await wholeTest(folder, "hypotest-toys", config, ["--mu", "1", "--n-toys", "200"]));
    const { stderr } = await mustRun(folder, ["merge", ...paths, "--out", join(folder, "three.json")], 5);
    assert.match(stderr, /c\/merged\.out\.json" tests mu = 1\.5, most test 1/);
  }));

Deno.test("flags that a hypothesis test does not have are refused before anything is written", () =>
  inFolder(async (folder) => {
    const config = await writeWorkspace(folder);
    const refused: [string[], RegExp][] = [
      [["--gen", "mle"], /Cannot use --gen with hypotest-toys: its toys have no fitted values/],
      [["--set", "mu=1"], /Cannot use --set with hypotest-toys/],
      [["--pulls"], /Cannot use --pulls with hypotest-toys/],
      [["--require-all-converged"], /Cannot use --require-all-converged with hypotest-toys/],
      [["--max-abs-poi-pull-mean", "1"], /Cannot use --max-abs-poi-pull-mean with hypotest-toys/],
      [["--poi-pull-std-range", "0.9", "1.1"], /Cannot use --poi-pull-std-range with hypotest-toys/],
      [["--extra-arg=--expected-set"], /Cannot use --extra-arg "--expected-set"/],
    ];
    for (const [more, line] of refused) {
      assertUserError(await nsfarm(folder, testArgs(folder, { config, toys: 4, shards: 2, more })), { code: 2, line });
    }
    const words = testArgs(folder, { config, toys: 4, shards: 2 });
    assertUserError(await nsfarm(folder, words.filter((word, i) => word !== "--mu" && words[i - 1] !== "--mu")), {
      code: 2,
      line: /Cannot run hypotest-toys without --mu: wanted the tested value of the POI/,
    });
    const many = testArgs(folder, { config, toys: 1_000_000_001, shards: 2 });
    assertUserError(await nsfarm(folder, many), { code: 2, line: /at most 1000000000 have seeds of their own/ });
    assertUserError(await nsfarm(folder, testArgs(folder, { config, workload: "fits", toys: 4, shards: 2 })), {
      code: 2,
      line: /Cannot use --workload "fits": wanted /,
    });
  }));
