import assert from "node:assert/strict";
import { copyFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Bad, BAD_REQUESTS } from "../support/bad_requests.ts";
import { inputs, namesIn, nextstat, nsfarm, renderRun, requestArgs } from "../support/farm.ts";
import { inFolder } from "../support/scratch.ts";
import { standIn } from "../support/stand_in.ts";
import { assertUserError } from "../support/user_error.ts";

/** A good request of 8 toys in 2 shards, but for what is bad in it; with nextstat's own check of the spec. */
function words(folder: string, bad: Bad): string[] {
  const good = requestArgs(folder, { toys: 8, shards: 2 }).filter((word) => word !== "--no-check");
  const options = Object.entries(bad.options ?? {}).map(([name, value]) => [`--${name}`, value.replace("$F", folder)]);
  const named = new Map([...Array.from({ length: good.length / 2 }, (_, i) => good.slice(2 * i, 2 * i + 2)), ...options]
    .map(([name = "", value = ""]) => [name, value]));
  for (const name of bad.without ?? []) named.delete(`--${name}`);
  return [...[...named].flat(), ...bad.more ?? []];
}

for (const command of ["run", "render"]) {
  for (const bad of BAD_REQUESTS) {
    Deno.test(`${command}: ${bad.what} is reported in one line, and nothing is written`, () =>
      inFolder(async (folder) => {
        await bad.make?.(folder);
        const before = await namesIn(folder);
        const ran = await nsfarm(folder, [command, ...words(folder, bad)], bad.where?.(folder));
        assertUserError(ran, bad);
        const lines = ran.stderr.split("\n").map((line) => line.replaceAll(/"[^"]*"/g, '""'));
        assert.deepEqual(lines.filter((line) => line.length > 100), [], "100 characters, besides the values in it");
        assert.deepEqual(await namesIn(folder), before);
      }));
  }
}

Deno.test("An error names the list of counts, the probe or the manifest at fault, and describes a document in plain words", () =>
  inFolder(async (folder) => {
    const words = requestArgs(folder, { toys: 8, shards: 2 }).filter((word) => word !== "--no-check");
    const counts = words.map((word) => word === "--out-dir" ? "--out-root" : word).concat("--shards-list", "2,200");
    assertUserError(await nsfarm(folder, ["sweep", "render", ...withoutFlags(counts, ["--shards", "--run-id"])]), {
      code: 2,
      line: /Cannot split 8 toys into 200 shards/,
      hint: /--shards-list 8 or fewer/,
    });
    const spec = join(inputs(), "gauss_exp_10k.json");
    const merged = await nsfarm(folder, ["merge", "--input", spec, "--out", join(folder, "merged.json")]);
    assert.match(merged.stdout + merged.stderr, /is no output of nextstat \(input_schema_version: missing\)/);
    const dir = await renderRun(folder, { toys: 8, shards: 2 });
    const manifest = join(dir, "manifest.json");
    const text = await readFile(manifest, "utf8");
    await writeFile(manifest, text.replace('"scheduler": "local"', '"scheduler": "nobodys"'));
    for (const command of ["status", "submit", "retry"]) {
      assertUserError(await nsfarm(folder, [command, dir]), {
        code: 3,
        line: /Cannot use the run ".*" of the scheduler "nobodys": known are local, ssh, slurm, htcondor$/,
        hint: /--plugin/,
      });
    }
    await writeFile(manifest, text.replace(/"schema_version": "[^"]*"/, '"schema_version": "x"'));
    assertUserError(await nsfarm(folder, ["status", dir]), {
      code: 3,
      line: /Cannot read the manifest ".*": it is not as wanted \(schema_version: "x", wanted "nextstat/,
    });
  }));

/** The words without these flags and their values. */
const withoutFlags = (words: readonly string[], flags: readonly string[]): string[] =>
  words.filter((word, i) => !flags.includes(word) && !flags.includes(words[i - 1] ?? ""));

Deno.test("run: an existing run id with other options is refused with the difference, and stays unchanged", () =>
  inFolder(async (folder) => {
    const dir = await renderRun(folder, { toys: 8, shards: 2 });
    const before = await namesIn(dir);
    for (
      const [more, line] of [
        [["--n-toys", "9"], /it has --n-toys 8, you gave 9/],
        [["--seed", "43"], /it has --seed 42, you gave 43/],
        [["--gen", "mle"], /it has --gen init, you gave mle/],
        [["--set", "mu=2"], /it has no --set, you gave mu=2/],
        [["--pulls"], /it has no --pulls, you gave it/],
      ] as const
    ) {
      const ran = await nsfarm(folder, ["run", ...requestArgs(folder, { toys: 8, shards: 2, more: [...more] })]);
      assertUserError(ran, { code: 2, line, hint: /another --run-id/ });
    }
    assertUserError(await nsfarm(folder, ["render", ...requestArgs(folder, { toys: 8, shards: 2 })]), {
      code: 2,
      line: /Cannot render ".*": it already exists/,
    });
    assert.deepEqual(await namesIn(dir), before);
  }));

Deno.test("options that would do nothing beside others are refused, and nothing is changed", () =>
  inFolder(async (folder) => {
    const dir = await renderRun(folder, { toys: 8, shards: 2 });
    const before = await Deno.readTextFile(join(dir, "manifest.json"));
    for (const flag of ["--wait", "--finish"]) {
      assertUserError(await nsfarm(folder, ["extend", dir, "--n-toys", "+2", "--no-submit", flag]), {
        code: 2,
        line: new RegExp(`Cannot use ${flag} with --no-submit`),
      });
    }
    for (const command of ["collect", "merge"]) {
      assertUserError(await nsfarm(folder, [command, dir, "--manifest", join(dir, "manifest.json")]), {
        code: 2,
        line: /Cannot use both RUN_DIR and --manifest/,
      });
    }
    assert.equal(await Deno.readTextFile(join(dir, "manifest.json")), before);
  }));

Deno.test("run: a nextstat of another version, or a changed data file, is reported before any fit", () =>
  inFolder(async (folder) => {
    const [spec, data] = ["gauss_exp_10k.json", "observed.parquet"].map((name) => join(folder, name));
    assert(spec && data);
    await copyFile(join(inputs(), "gauss_exp_10k.json"), spec);
    await copyFile(join(inputs(), "observed.parquet"), data);
    const fake = await standIn(folder, "");
    const options = { toys: 4, shards: 2, nextstat: fake.path, config: spec };
    await renderRun(folder, options);
    await standIn(folder, "", "0.11.0");
    assertUserError(await nsfarm(folder, ["run", ...requestArgs(folder, options)]), {
      code: 3,
      line: /Cannot run the shards of ".*" here: nextstat ".*" is version 0\.11\.0, the run was rendered with 0\.10\.1/,
    });
    await standIn(folder, "");
    await Deno.remove(data);
    await copyFile(nextstat(), data);
    assertUserError(await nsfarm(folder, ["run", ...requestArgs(folder, options)]), {
      code: 3,
      line: /Cannot run the shards of ".*" here: ".*observed\.parquet" is not the file that the run was rendered with/,
    });
    await Deno.remove(data);
    assertUserError(await nsfarm(folder, ["run", ...requestArgs(folder, options)]), {
      code: 3,
      line: /Cannot run the shards of ".*" here: ".*observed\.parquet" cannot be read/,
    });
    assert.deepEqual(await fake.log(), []);
  }));

Deno.test("commands on a run: a wrong shard is reported in one line", () =>
  inFolder(async (folder) => {
    const dir = await renderRun(folder, { toys: 4, shards: 2 });
    const names = await namesIn(dir);
    for (const command of ["job", "logs"]) {
      for (const shard of ["2", "-1", "x", "1e0", "99999999999999999999"]) {
        assertUserError(await nsfarm(folder, [command, dir, "--", shard]), { code: 2, line: /shard/i });
      }
    }
    assert.deepEqual(await namesIn(dir), names);
  }));

Deno.test("submit, retry and extend: --finish without dependent jobs is refused before anything starts", () =>
  inFolder(async (folder) => {
    const dir = await renderRun(folder, { toys: 4, shards: 2 });
    const [names, manifest] = [await namesIn(dir), await readFile(join(dir, "manifest.json"), "utf8")];
    for (const command of [["submit", dir], ["retry", dir], ["extend", dir, "--n-toys", "+2"]]) {
      const line = /Cannot use --finish with local: it has no jobs that wait for others/;
      assertUserError(await nsfarm(folder, [...command, "--finish"]), { code: 2, line, hint: /Use --wait/ });
    }
    assert.deepEqual(await namesIn(dir), names);
    assert.equal(await readFile(join(dir, "manifest.json"), "utf8"), manifest);
  }));
