import assert from "node:assert/strict";
import { copyFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { inputs, mustRun, namesIn, nextstat, nsfarm, spec10k, start } from "../support/farm.ts";
import { inFolder, until } from "../support/scratch.ts";
import { arrayAt, at, type Json, unsharded } from "../support/toys.ts";
import { assertUserError } from "../support/user_error.ts";

const TOYS = 120;

interface Study {
  config: string;
  inject: string;
  id: string;
  toys?: number;
  more?: string[];
}

const injectArgs = (folder: string, { config, inject, id, toys = TOYS, more = [] }: Study): string[] => [
  ...["inject", "run", "--config", config, "--inject", inject, "--n-toys", `${toys}`, "--shards", "2"],
  ...["--threads", "1", "--nextstat-bin", nextstat(), "--out-root", join(folder, "studies"), "--inject-id", id],
  ...more,
];

interface Rate {
  k: number;
  n: number;
  interval: [number, number];
}

interface Summary {
  verdict: string;
  points: {
    value: number;
    verdict: string;
    n_toys: number;
    failed: Rate;
    bias: { value: number; error: number };
    pull_mean: { value: number; error: number };
    pull_width: { value: number; error: number };
    coverage: { sigma_1: Rate; sigma_2: Rate };
    why: string[];
    more_toys: number | null;
  }[];
  report: string;
}

const summaryOf = async (folder: string, args: string[], code = 0): Promise<Summary> =>
  JSON.parse((await mustRun(folder, [...args, "--json"], code)).stdout);

/** Writes the spec with a constraint of the signal's width that the toys do not obey when they are generated wider. */
async function constrainedSpec(folder: string): Promise<string> {
  const spec = JSON.parse(await readFile(spec10k(), "utf8"));
  for (const parameter of spec.model.parameters) {
    if (parameter.name === "sigma_sig") parameter.constraint = { type: "gaussian", mean: 2.5, sigma: 0.05 };
  }
  await copyFile(join(inputs(), "observed.parquet"), join(folder, "observed.parquet"));
  const path = join(folder, "constrained.json");
  await writeFile(path, JSON.stringify(spec));
  return path;
}

/** Returns mean and width of the pulls and the bias of nextstat's own toys, and how many lie within one sigma. */
function momentsOf(whole: Json) {
  const numbers = (name: string) => arrayAt(whole, `results.${name}`).map(Number);
  const [hats, sigmas, truth] = [numbers("poi_hat"), numbers("poi_sigma"), Number(at(whole, "results.poi_true"))];
  const pulls = hats.map((hat, i) => (hat - truth) / (sigmas[i] ?? NaN));
  const meanOf = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const mean = meanOf(pulls);
  const width = Math.sqrt(pulls.reduce((sum, pull) => sum + (pull - mean) ** 2, 0) / (pulls.length - 1));
  const within = pulls.filter((pull) => Math.abs(pull) < 1).length;
  return { bias: meanOf(hats) - truth, mean, width, within };
}

Deno.test("an honest spec at four injected values is not flagged, and its numbers are those of nextstat's own runs", () =>
  inFolder(async (folder) => {
    const args = injectArgs(folder, { config: spec10k(), inject: "mu=0.5:2:0.5", id: "h" });
    const { verdict, points, report } = await summaryOf(folder, args);
    assert.notEqual(verdict, "flagged");
    assert.deepEqual(points.map(({ value, n_toys, failed }) => [value, n_toys, failed.k]), [
      ...[[0.5, TOYS, 0], [1, TOYS, 0], [1.5, TOYS, 0], [2, TOYS, 0]],
    ]);
    const seed = `${42 + 1_000_000_000}`;
    const whole = await unsharded(folder, TOYS, ["--seed", seed, "--set", "mu=1", "--max-abs-poi-pull-mean", "1e9"]);
    const [wanted, found] = [momentsOf(whole), points[1]];
    assert(found);
    for (
      const [mine, theirs] of [[found.bias.value, wanted.bias], [found.pull_mean.value, wanted.mean], [
        found.pull_width.value,
        wanted.width,
      ]] as const
    ) assert(Math.abs(mine - theirs) < 1e-9, `${mine}, wanted ${theirs}`);
    assert.deepEqual([found.coverage.sigma_1.k, found.coverage.sigma_1.n], [wanted.within, TOYS]);
    const page = await readFile(report, "utf8");
    for (const name of ["pull-mean", "pull-width", "coverage"]) assert(page.includes(`data-figure="${name}"`), name);

    const { stdout } = await mustRun(folder, args);
    assert.match(stdout, /^h: /);
    assert.match(stdout, /^Enough toys\? /m);
    assert.match(stdout, /flagged with a probability of at most 1 %, over all 4 points\.\n$/);
    const undecided = points.filter((point) => point.verdict === "undecided");
    assert(undecided.every(({ more_toys }) => more_toys !== null && more_toys > 0));
  }));

Deno.test("a spec that is biased on purpose is flagged at each injected value, with exit code 6", () =>
  inFolder(async (folder) => {
    const config = await constrainedSpec(folder);
    const study = { config, inject: "mu=0.5,1,2", id: "b", toys: 100, more: ["--set", "sigma_sig=2.8"] };
    const { verdict, points } = await summaryOf(folder, injectArgs(folder, study), 6);
    assert.equal(verdict, "flagged");
    for (const { verdict, why, bias } of points) {
      assert.equal(verdict, "flagged");
      assert.match(why.join("\n"), /^the mean pull is -\d\.\d+ ± 0\.\d+, beyond 0\.14/);
      assert(bias.value < -3 * bias.error);
    }
    const json = join(folder, "studies", "b.inject.json");
    const loose = ["inject", "summarize", "--inject-json", json, "--max-bias", "0.99", "--width-tolerance", "0.9"];
    const { stdout } = await mustRun(folder, loose);
    assert.match(stdout, /^b: (the fits are acceptable|nothing is flagged)/);
  }));

Deno.test("a killed study goes on and gives the same numbers; an unfinished one names the points that lack a result", () =>
  inFolder(async (folder) => {
    const study = { config: spec10k(), inject: "mu=1,2,3", id: "k", toys: 30 };
    const args = injectArgs(folder, study);
    const studies = join(folder, "studies");
    for (let kills = 0; kills < 3; kills++) {
      const killed = start(folder, args);
      const before = (await namesIn(studies).catch(() => [])).length;
      await until(
        "it has begun",
        async () => (await namesIn(studies).catch(() => [])).length >= Math.min(before + 2, 4),
      );
      await new Promise((resolve) => setTimeout(resolve, 500 * kills));
      killed.kill("SIGKILL");
      await killed.ended;
    }
    const json = join(studies, "k.inject.json");
    await mustRun(folder, ["inject", "render", ...args.slice(2)]);
    const open = await mustRun(folder, ["inject", "summarize", "--inject-json", json], 5);
    assert.match(open.stdout, /^k: no verdict yet: no merged result at mu = [\d, ]+\nEnough toys\? Unknown/);
    await mustRun(folder, ["inject", "collect", "--inject-json", json], 5);
    const submitted = await mustRun(folder, ["inject", "submit", "--inject-json", json, "--json"]);
    const resumed: Summary = JSON.parse(submitted.stdout);
    const whole = await summaryOf(folder, injectArgs(join(folder, "again"), study));
    const numbers = ({ points }: Summary) => points.map(({ why: _, ...point }) => point);
    assert.deepEqual(numbers(resumed), numbers(whole));
    const collected = await mustRun(folder, ["inject", "collect", "--inject-json", json]);
    assert.equal(collected.stdout.match(/^done /gm)?.length, 3);
  }));

Deno.test("a point that fails a guardrail gives exit code 6; one with a damaged merged document has no result", () =>
  inFolder(async (folder) => {
    const more = ["--pulls", "--max-abs-poi-pull-mean", "0.0001"];
    const args = injectArgs(folder, { config: spec10k(), inject: "mu=1", id: "g", toys: 8, more });
    const json = ["--inject-json", join(folder, "studies", "g.inject.json")];
    const failed = /g_mu1: guardrail failed: \|mean pull\| /;
    assert.match((await mustRun(folder, args, 6)).stdout, failed);
    for (const command of ["summarize", "collect", "submit"]) {
      assert.match((await mustRun(folder, ["inject", command, ...json], 6)).stdout, failed);
    }
    const merged = join(folder, "studies", "g_mu1", "merged.out.json");
    const text = await readFile(merged, "utf8");
    await writeFile(merged, text.replace(/("poi_hat": \[\s+)\d/, "$19"));
    await mustRun(folder, ["inject", "summarize", ...json], 5);
    await mustRun(folder, ["inject", "submit", ...json], 6);
    const results = (whole: string) => at(JSON.parse(whole), "results");
    assert.deepEqual(results(await readFile(merged, "utf8")), results(text));
  }));

Deno.test("bad values and options that differ are refused before anything is written", () =>
  inFolder(async (folder) => {
    const study = { config: spec10k(), inject: "mu=1,9", id: "r", toys: 4 };
    assertUserError(await nsfarm(folder, injectArgs(folder, study)), {
      code: 2,
      line: /Cannot inject mu = 9: its bounds in the spec are 0 to 5/,
    });
    assertUserError(await nsfarm(folder, injectArgs(folder, { ...study, inject: "nu=1" })), {
      code: 3,
      line: /nu/,
    });
    assert.deepEqual(await namesIn(join(folder, "studies")).catch(() => []), []);
    await mustRun(folder, ["inject", "render", ...injectArgs(folder, { ...study, inject: "mu=1" }).slice(2)]);
    assertUserError(await nsfarm(folder, injectArgs(folder, { ...study, inject: "mu=1,2" })), {
      code: 2,
      line: /Cannot go on with the injection study "[^"]+": it has mu = 1; you gave mu = 1, 2/,
    });
    const alarm = injectArgs(folder, { ...study, inject: "mu=1", more: ["--false-alarm", "1"] });
    assertUserError(await nsfarm(folder, alarm), {
      code: 2,
      line: /Cannot use --false-alarm "1": wanted a number between 0 and 1/,
    });
  }));
