import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { mustRun, namesIn, nsfarm, renderRun, runArgs, runDir } from "../support/farm.ts";
import { countDone, failedAttempts, finalNames, readManifest, readRecord } from "../support/run_dir.ts";
import { inFolder } from "../support/scratch.ts";
import { standIn } from "../support/stand_in.ts";
import { arrayAt, assertSameToys, at, readJson, unsharded } from "../support/toys.ts";

const GEN_MLE = ["--gen", "mle"];
const SET = ["--set", "mu=1.2", "--set", "sigma_sig=2.4"];
const PULLS_ON = ["--max-abs-poi-pull-mean", "1e9"];

for (
  const { toys, shards, more, theirs } of [
    { toys: 12, shards: 12, more: [], theirs: [] },
    { toys: 13, shards: 5, more: ["--seed", "7"], theirs: ["--seed", "7"] },
    { toys: 20, shards: 1, more: SET, theirs: SET },
    { toys: 17, shards: 4, more: [...GEN_MLE, ...SET], theirs: [...GEN_MLE, ...SET] },
    { toys: 30, shards: 7, more: GEN_MLE, theirs: GEN_MLE },
    { toys: 25, shards: 6, more: ["--pulls"], theirs: PULLS_ON },
  ]
) {
  Deno.test(`${toys} toys in ${shards} shards (${more.join(" ") || "no options"}) give the unsharded result`, () =>
    inFolder(async (folder) => {
      const dir = runDir(folder);
      await mustRun(folder, runArgs(folder, { toys, shards, more }));
      assert.equal(await countDone(dir), shards);
      const merged = await readJson(join(dir, "merged.out.json"));
      assertSameToys(merged, await unsharded(folder, toys, theirs));
    }));
}

Deno.test("--pulls gives the pull summary of the unsharded run, and without it there is none", () =>
  inFolder(async (folder) => {
    await mustRun(folder, runArgs(folder, { toys: 24, shards: 5, more: ["--pulls"] }));
    await mustRun(folder, runArgs(folder, { toys: 24, shards: 5, id: "without" }));
    const pull = at(await readJson(join(runDir(folder), "merged.out.json")), "summary.pull");
    assert.notEqual(pull, null);
    assert.equal(at(await readJson(join(runDir(folder, "without"), "merged.out.json")), "summary.pull"), null);
  }));

Deno.test("two merges of one run give the same bytes except for the date", () =>
  inFolder(async (folder) => {
    const dir = runDir(folder);
    await mustRun(folder, runArgs(folder, { toys: 9, shards: 4 }));
    const merged = () => readFile(join(dir, "merged.out.json"), "utf8");
    const dateless = (text: string) => text.replace(/"created_at_utc": "[^"]*"/, '"created_at_utc": ""');
    const before = await merged();
    await mustRun(folder, ["merge", dir]);
    assert.notEqual(await merged(), before);
    assert.equal(dateless(await merged()), dateless(before));
  }));

Deno.test("a run whose failing shard was split by retry --split gives the unsharded result", () =>
  inFolder(async (folder) => {
    const dir = runDir(folder);
    const fake = await standIn(folder, `[ -e "$here/mended" ] || [ "$shard" != 1 ] || { echo "no" >&2; exit 3; }`);
    await mustRun(folder, runArgs(folder, { toys: 14, shards: 3, nextstat: fake.path }), 5);
    assert.deepEqual(await failedAttempts(dir), ["1.1 exit"]);
    await fake.mark("mended");
    await mustRun(folder, ["retry", dir, "--split", "--wait"]);
    const { plans } = await readManifest(dir);
    assert.deepEqual(plans.map((plan) => plan.farm?.replaced_by ?? null), [null, [3, 4], null, null, null]);
    assert.deepEqual(plans.map((plan) => [plan.toy_start, plan.n_toys]), [[0, 5], [5, 5], [10, 4], [5, 3], [8, 2]]);
    assertSameToys(await readJson(join(dir, "merged.out.json")), await unsharded(folder, 14));
    const { stdout } = await mustRun(folder, ["logs", dir, "1"]);
    assert.match(stdout, /^shard 1: toys 5 to 9, seed \d+\ncut in two: its toys are now those of shards 3-4$/m);
    assert.deepEqual(JSON.parse((await mustRun(folder, ["logs", dir, "1", "--json"])).stdout).replaced_by, [3, 4]);
    await mustRun(folder, runArgs(folder, { toys: 14, shards: 3, nextstat: fake.path }));
    assert.deepEqual((await fake.log()).filter((line) => line.what === "end").map((line) => line.shard).sort(), [
      0,
      2,
      3,
      4,
    ]);
  }));

Deno.test("a repeated run repeats no work and gives the same result", () =>
  inFolder(async (folder) => {
    const fake = await standIn(folder, "");
    const args = runArgs(folder, { toys: 8, shards: 4, nextstat: fake.path });
    await mustRun(folder, args);
    const { stderr } = await mustRun(folder, args);
    assert.match(stderr, /4 of 4 shards are already done/);
    assert.equal((await fake.log()).filter((line) => line.what === "start").length, 4);
  }));

Deno.test("run --dry-run names the scheduler, warns of toys that another run in the folder has, and writes nothing", () =>
  inFolder(async (folder) => {
    const dir = await renderRun(folder, { toys: 6, shards: 2 });
    const words = runArgs(folder, { toys: 4, shards: 2, id: "new", more: ["--dry-run"] });
    const { stdout, stderr } = await mustRun(folder, words);
    assert.match(stderr, /warning: 4 of these toys have the seeds of toys in the run "r" beside it/);
    assert.equal(stdout.split("\n")[1], `would run on local, in ${runDir(folder, "new")}`);
    assert.deepEqual(await namesIn(dirname(dir)), ["r"]);
  }));

Deno.test("submit, retry and cancel of a whole run name no command that would continue it", () =>
  inFolder(async (folder) => {
    await mustRun(folder, runArgs(folder, { toys: 4, shards: 2 }));
    for (const command of ["submit", "retry", "cancel"]) {
      const { stdout, stderr } = await mustRun(folder, [command, runDir(folder)]);
      assert.match(stdout, /^(Nothing to submit: all 2 shards are done|no job of this run is running or queued)\n$/);
      assert.equal(stderr, "");
    }
  }));

Deno.test("--freeze-gen fits once and gives every shard the same point", () =>
  inFolder(async (folder) => {
    const dir = runDir(folder);
    await mustRun(folder, runArgs(folder, { toys: 10, shards: 3, more: [...GEN_MLE, "--freeze-gen"] }));
    const frozen = (await readManifest(dir)).farm.frozen_gen ?? {};
    const outputs = await Promise.all([0, 1, 2].map((shard) => readJson(join(dir, `shard_${shard}.out.json`))));
    for (const output of outputs) {
      assert.equal(at(output, "gen.point"), "init");
      assert.deepEqual(at(output, "gen.overrides"), frozen);
      const names = arrayAt(output, "parameter_names");
      assert.deepEqual(arrayAt(output, "gen.params"), names.map((name) => frozen[`${name}`]));
    }
    const mle = await unsharded(folder, 10, GEN_MLE);
    assert.deepEqual(arrayAt(mle, "gen.params"), arrayAt(outputs[0] ?? null, "gen.params"));
  }));

Deno.test("a guardrail that holds on the set but fails on single shards passes", () =>
  inFolder(async (folder) => {
    const dir = runDir(folder);
    const bound = 0.7;
    const more = ["--max-abs-poi-pull-mean", `${bound}`];
    const { stdout } = await mustRun(folder, runArgs(folder, { toys: 24, shards: 24, more }));
    assert.match(stdout, /\S/);
    const means = await Promise.all(
      Array.from({ length: 24 }, async (_, shard) => {
        const output = await readJson(join(dir, `shard_${shard}.out.json`));
        return Math.abs(Number(at(output, "summary.pull.mean")));
      }),
    );
    assert(means.some((mean) => mean > bound), `no shard would fail alone: ${means}`);
    assert.equal(at(await readJson(join(dir, "merged.out.json")), "guardrails.passed"), true);
    assert.equal(at(await readJson(join(dir, "merged.out.json")), "guardrails.max_abs_poi_pull_mean"), bound);
  }));

Deno.test("a guardrail that fails on the set gives exit 6, with the merged output written", () =>
  inFolder(async (folder) => {
    const dir = runDir(folder);
    const more = ["--poi-pull-std-range", "3", "4"];
    const { stderr } = await mustRun(folder, runArgs(folder, { toys: 12, shards: 3, more }), 6);
    assert.match(stderr, /guardrail/i);
    const merged = await readJson(join(dir, "merged.out.json"));
    assert.equal(at(merged, "guardrails.passed"), false);
    assertSameToys(merged, await unsharded(folder, 12, PULLS_ON));
  }));

for (
  const word of ["--seed", "--shard=0/2", "-o", "--config", "--threads", "--json-metrics", "--bundle", "--output=x"]
) {
  Deno.test(`--extra-arg ${word} is refused, since the program sets that flag itself`, () =>
    inFolder(async (folder) => {
      const { code, stderr, stdout } = await nsfarm(
        folder,
        runArgs(folder, { toys: 4, shards: 2, more: [`--extra-arg=${word}`] }),
      );
      assert.deepEqual({ code, stdout }, { code: 2, stdout: "" });
      assert.match(stderr, new RegExp(`^nsfarm-deno: Cannot use --extra-arg "${word}"[^\n]*\n  Use [^\n]*\n$`));
      assert.deepEqual(await finalNames(runDir(folder)), []);
    }));
}

Deno.test("other arguments of --extra-arg reach nextstat, which refuses unknown ones before anything is written", () =>
  inFolder(async (folder) => {
    const more = ["--extra-arg=--summary-ci-method", "--extra-arg=percentile"];
    await mustRun(folder, runArgs(folder, { toys: 6, shards: 2, more }));
    const output = await readJson(join(runDir(folder), "shard_0.out.json"));
    assert.match(JSON.stringify(at(output, "summary")), /percentile/);
    const bad = runArgs(folder, { toys: 6, shards: 2, id: "bad", more: ["--extra-arg=--nonsense"] });
    const { stderr } = await mustRun(folder, bad.filter((word) => word !== "--no-check"), 3);
    assert.match(stderr, /nextstat refuses the spec [^\n]*--nonsense/);
    assert.deepEqual(await finalNames(runDir(folder, "bad")), []);
  }));

Deno.test("every committed record has the facts of its shard that the contract requires", () =>
  inFolder(async (folder) => {
    const dir = runDir(folder);
    await mustRun(folder, runArgs(folder, { toys: 101, shards: 2 }));
    const { farm } = await readManifest(dir);
    for (const [shard, toy_start, n_toys] of [[0, 0, 51], [1, 51, 50]] as const) {
      const record = await readRecord(dir, shard);
      assert.deepEqual(
        { ...record, out_sha256: null, max_rss_bytes: null },
        {
          ...record,
          ...{ shard_index: shard, toy_start, n_toys, seed: 42 + toy_start, attempt: 1, threads: 1, cause: "ok" },
          ...{
            run_token: farm.run_token,
            spec_sha256: farm.spec_sha256,
            inputs: farm.inputs,
            exit_code: 0,
            signal: null,
          },
          ...{ out_sha256: null, max_rss_bytes: null, stderr_tail: [], scheduler: "local" },
        },
      );
      assert((record.max_rss_bytes ?? 0) > 1e6, `peak memory ${record.max_rss_bytes}`);
      assert((record.cpu_user_s ?? 0) > 0 && (record.wall_s ?? 0) > 0, `times ${record.cpu_user_s} ${record.wall_s}`);
    }
  }));
