import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { copyFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { mustRun, nsfarm, runArgs, runDir } from "../support/farm.ts";
import { inFolder } from "../support/scratch.ts";
import { arrayAt, at, type Json, readJson } from "../support/toys.ts";

const SAMPLES = new URL("../samples/starts/", import.meta.url).pathname;
const POINT = ["mu=1", "mu_sig=91", "sigma_sig=2.5", "lambda_bkg=-0.03"].flatMap((value) => ["--set", value]);

/** Writes a spec whose data are those of a sample, and returns its path. */
async function specWith(folder: string, data: string, change = (text: string) => text): Promise<string> {
  await copyFile(join(SAMPLES, data), join(folder, data));
  const text = await readFile(join(SAMPLES, "floating_b.json"), "utf8");
  const path = join(folder, `${data}.json`);
  await writeFile(path, change(text.replaceAll("obs0.parquet", data)));
  return path;
}

/** Runs the same toys from the start that some data give. */
async function run(folder: string, id: string, config: string, more: string[] = POINT, toys = 60): Promise<string> {
  await mustRun(folder, [
    ...runArgs(folder, { toys, shards: id.length, config, id }),
    ...(more.includes("--seed") ? [] : ["--seed", "11"]),
    ...more,
  ]);
  return runDir(folder, id);
}

const nllOf = (document: Json): number[] => arrayAt(document, "results.nll").map(Number);

Deno.test("merge --lowest keeps the lowest fit of each toy of runs that began from other data", () =>
  inFolder(async (folder) => {
    const [one, other] = [await specWith(folder, "obs0.parquet"), await specWith(folder, "obs1.parquet")];
    const runs = [await run(folder, "a", one), await run(folder, "bcd", other)];
    const out = join(folder, "lowest.json");
    const ran = await mustRun(folder, ["merge", "--lowest", ...runs, "--out", out]);
    assert.match(ran.stdout, /the lowest fit of each toy, of 2 runs: a, bcd\n/);
    assert.match(ran.stderr, /warning: up to \d+ % of the toys may miss their minimum/);
    const [a = [], b = []] = await Promise.all(
      runs.map(async (dir) => nllOf(await readJson(join(dir, "merged.out.json")))),
    );
    const lowest = await readJson(out);
    assert.equal(nllOf(lowest).length, 60);
    nllOf(lowest).forEach((nll, toy) => assert.ok(Math.abs(nll - Math.min(a[toy] ?? NaN, b[toy] ?? NaN)) <= 1e-6));
    assert.ok(nllOf(lowest).some((nll, toy) => nll < (a[toy] ?? NaN) - 1));
    const starts = arrayAt(lowest, "merge.farm.starts.starts").map((one) => at(one, "data_file"));
    assert.deepEqual(starts, ["a: obs0.parquet", "bcd: obs1.parquet"]);
    assert.deepEqual(at(lowest, "merge.farm.seed_ranges"), [{ seed: 11, n_toys: 60 }]);
    const strict = await nsfarm(folder, ["merge", "--lowest", ...runs, "--out", out, "--max-missed", "0.01"]);
    assert.equal(strict.code, 6);
    assert.match(strict.stderr, /guardrail failed: up to 0\.\d+ of the toys may miss their minimum/);
  }));

Deno.test("merge --lowest refuses runs of other toys, of another model or not merged, and says what differs", () =>
  inFolder(async (folder) => {
    const config = await specWith(folder, "obs0.parquet");
    const first = await run(folder, "a", config, POINT, 10);
    const out = join(folder, "lowest.json");
    const refusal = async (second: string, ...more: string[]): Promise<string> => {
      const { code, stderr } = await nsfarm(folder, ["merge", "--lowest", first, second, "--out", out, ...more]);
      assert.notEqual(code, 0);
      assert.equal(existsSync(out), false);
      return stderr;
    };
    assert.match(
      await refusal(await run(folder, "s", config, ["--seed", "12", ...POINT], 10)),
      /the first seed of ".*\/s" is another/,
    );
    assert.match(await refusal(await run(folder, "n", config, POINT, 12)), /the number of toys of ".*\/n" is another/);
    assert.match(await refusal(await run(folder, "p", config, ["--set", "mu=2"], 10)), /the generation point of /);
    const wider = await specWith(folder, "obs1.parquet", (text) => text.replace("120.0", "121.0"));
    assert.match(
      await refusal(await run(folder, "m", wider, POINT, 10)),
      /the model, in channels\.0\.observables\.0\.bounds\.1, of /,
    );
    assert.match(await refusal(first, "--allow-partial"), /Cannot use --allow-partial with --lowest/);
    await writeFile(join(first, "merged.out.json"), "{}");
    assert.match(await refusal(first), /First: nsfarm-deno merge /);
  }));

Deno.test("several runs are merged into one only by --lowest, which wants two runs and a place for the result", () =>
  inFolder(async (folder) => {
    const says = async (...words: string[]) => (await nsfarm(folder, ["merge", ...words])).stderr;
    assert.match(await says("a", "b"), /Cannot merge 2 runs into one: they are different sets of toys\n.*--lowest/);
    assert.match(await says("--lowest", "a"), /Cannot take the lowest fits of 1 run\n.*two or more/);
    assert.match(await says("--lowest", "a", "b"), /without --out/);
  }));
