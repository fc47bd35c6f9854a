import assert from "node:assert/strict";
import { readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { mustRun, nsfarm, runArgs, runDir } from "../support/farm.ts";
import { inFolder } from "../support/scratch.ts";
import { at, readJson } from "../support/toys.ts";

const SMALL = { toys: 20, shards: 4 };
const FAILING = { ...SMALL, more: ["--pulls", "--max-abs-poi-pull-mean", "0.0001"] };
const FAILED = /guardrail failed: \|mean pull\| [0-9.]+ > 0\.0001/;

Deno.test("run, run again, merge, status, doctor, verify and report show a failed guardrail, and exit with 6", () =>
  inFolder(async (folder) => {
    const dir = runDir(folder);
    for (const args of [runArgs(folder, FAILING), runArgs(folder, FAILING), ["merge", dir], ["finish", dir]]) {
      assert.match((await mustRun(folder, args, 6)).stdout, FAILED, args[0]);
    }
    for (const args of [["status", dir, "--check"], ["doctor", dir], ["verify", dir]]) {
      const { stdout } = await mustRun(folder, args, 6);
      assert.match(stdout, new RegExp(`${FAILED.source} \\(merged\\.out\\.json\\)`), args[0]);
      assert.doesNotMatch(stdout, /Nothing is wrong/);
      const document = JSON.parse((await mustRun(folder, [...args, "--json"], 6)).stdout);
      assert.equal(at(document, "merged_check.guardrails_passed"), false, args[0]);
    }
    await mustRun(folder, ["report", dir]);
    const page = await readFile(join(dir, "report.html"), "utf8");
    assert.match(
      page,
      /<div class="tile wrong"><b>FAILED<\/b><span>guardrail failed: \|mean pull\| [0-9.]+ &gt; 0\.0001/,
    );
    assert.match((await mustRun(folder, ["status", dir])).stdout, FAILED);
    const archived = await mustRun(folder, ["archive", dir]);
    assert.match(archived.stderr, FAILED);
    const packed = await mustRun(folder, ["verify", `${dir}.tar`], 6);
    assert.match(packed.stdout, /verified by their sums; a guardrail failed when it was merged/);
    const planned = await mustRun(folder, ["plan", "--from", dir]);
    assert.match(planned.stderr, FAILED);
  }));

Deno.test("guardrails that replaced those of the run are shown as they were judged", () =>
  inFolder(async (folder) => {
    const dir = runDir(folder);
    await mustRun(folder, runArgs(folder, FAILING), 6);
    await mustRun(folder, ["merge", dir, "--max-abs-poi-pull-mean", "5"]);
    const printed = /guardrails as merged: \|mean pull\| at most 5; the run requests: \|mean pull\| at most 0\.0001/;
    for (const args of [["status", dir, "--check"], ["doctor", dir], ["verify", dir]]) {
      assert.match((await mustRun(folder, args)).stdout, printed);
    }
    await mustRun(folder, runArgs(folder, FAILING), 6);
  }));

Deno.test("status, doctor, verify and report call a partial merge partial until the run is merged whole", () =>
  inFolder(async (folder) => {
    const dir = runDir(folder);
    await mustRun(folder, runArgs(folder, SMALL));
    const name = join(dir, "shard_1.metrics.json");
    await rename(name, join(folder, "kept"));
    await rename(join(dir, "shard_1.out.json"), join(folder, "kept.out"));
    await mustRun(folder, ["merge", dir, "--allow-partial"]);
    await rename(join(folder, "kept.out"), join(dir, "shard_1.out.json"));
    await rename(join(folder, "kept"), name);
    const partial = /merged\.out\.json is partial: 15 of 20 toys, without toys 5-9/;
    assert.match((await mustRun(folder, ["status", dir, "--check"], 5)).stdout, partial);
    assert.match((await mustRun(folder, ["verify", dir], 5)).stdout, partial);
    const { stdout } = await mustRun(folder, ["doctor", dir]);
    assert.match(stdout, partial);
    assert.match(stdout, /Next:\n {2}\S*nsfarm-deno merge /);
    await mustRun(folder, ["report", dir]);
    assert.match(await readFile(join(dir, "report.html"), "utf8"), /tile wrong"><b>PARTIAL/);
    await mustRun(folder, ["merge", dir]);
    await mustRun(folder, ["status", dir, "--check"]);
  }));

Deno.test("a merged document from before an extension does not count as the run's", () =>
  inFolder(async (folder) => {
    const dir = runDir(folder);
    await mustRun(folder, runArgs(folder, SMALL));
    const old = await readFile(join(dir, "merged.out.json"));
    await mustRun(folder, ["extend", dir, "--n-toys", "+10", "--wait"]);
    assert.equal(at(await readJson(join(dir, "merged.out.json")), "gen.n_toys"), 30);
    await Deno.writeFile(join(dir, "merged.out.json"), old);
    const other = /merged\.out\.json is not of the run as it is now: it is of 20 toys, the run has 30/;
    for (const [code, ...args] of [[5, "status", dir, "--check"], [0, "doctor", dir], [5, "verify", dir]] as const) {
      const ran = await nsfarm(folder, args);
      assert.equal(ran.code, code, ran.stdout);
      assert.match(ran.stdout, other);
    }
  }));

Deno.test("sweep collect and sweep summarize name the runs with failed guardrails, and exit with 6", () =>
  inFolder(async (folder) => {
    const words = runArgs(folder, FAILING).slice(1);
    const dropped = new Set(["--shards", "--run-id", "--out-dir"]);
    const shared = words.filter((word, i) => !dropped.has(word) && !dropped.has(words[i - 1] ?? ""));
    const sweep = ["--shards-list", "1,2", "--sweep-id", "s", "--out-root", folder];
    await mustRun(folder, ["sweep", "run", ...shared, ...sweep], 6);
    const json = ["--sweep-json", join(folder, "s.sweep.json")];
    for (const command of ["collect", "summarize", "submit", "merge", "collect"]) {
      const { stdout } = await mustRun(folder, ["sweep", command, ...json], 6);
      // A page of Markdown writes the bars otherwise.
      assert.match(stdout, /guardrail failed: .*mean pull.* 0\.0001/, command);
    }
  }));
