import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { copyFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { mustRun, nextstat, nsfarm, runDir } from "../support/farm.ts";
import { readManifest } from "../support/run_dir.ts";
import { inFolder } from "../support/scratch.ts";
import { at, readJson } from "../support/toys.ts";
import { assertUserError } from "../support/user_error.ts";
import { wholeTest, writeWorkspace } from "../support/workspace.ts";

const SAMPLE = new URL("../samples/starts/one_bin_55.json", import.meta.url).pathname;

interface Asked {
  config: string;
  id?: string;
  toys?: number;
  more?: string[];
}

/** Returns the words of a test of a workspace at mu = 1. */
const words = (folder: string, { config, id = "r", toys = 40, more = [] }: Asked): string[] => [
  ...["run", "--workload", "hypotest-toys", "--config", config, "--mu", "1", "--n-toys", `${toys}`, "--shards", "4"],
  ...["--threads", "1", "--nextstat-bin", nextstat(), "--out-dir", join(folder, "runs"), "--run-id", id, ...more],
];

async function sample(folder: string): Promise<string> {
  const path = join(folder, "one_bin_55.json");
  await copyFile(SAMPLE, path);
  return path;
}

const numberAt = async (path: string, name: string): Promise<number> => Number(at(await readJson(path), name));
const MISSED = /the fit of the observed data misses its minimum as the workspace starts it/i;

Deno.test("a test uses a copy of the workspace whose observed fit finds the minimum, and says so", () =>
  inFolder(async (folder) => {
    const config = await sample(folder);
    const { stderr } = await mustRun(folder, words(folder, { config }));
    assert.equal(stderr.split("\n").filter((line) => MISSED.test(line)).length, 2);
    const merged = join(runDir(folder), "merged.out.json");
    assert(Math.abs(await numberAt(merged, "mu_hat") - 0.25) < 1e-3);
    const copy = join(runDir(folder), "starts", "workspace.json");
    const report = await mustRun(folder, ["report", runDir(folder)]);
    assert.match(await readFile(report.stdout.trim(), "utf8"), MISSED);
    const { merge: _, ...own } = JSON.parse(await readFile(merged, "utf8"));
    assert.deepEqual(own, await wholeTest(folder, "hypotest-toys", copy, ["--mu", "1", "--n-toys", "40"]));
    await mustRun(folder, ["verify", runDir(folder)]);
    await mustRun(folder, words(folder, { config, id: "as_given", more: ["--no-check"] }));
    assert.equal(await numberAt(join(runDir(folder, "as_given"), "merged.out.json"), "mu_hat"), 0);
    await writeFile(copy, "{}");
    assert.notEqual((await nsfarm(folder, ["verify", runDir(folder)])).code, 0);
  }));

Deno.test("a sound workspace is tested as it is, without a word", () =>
  inFolder(async (folder) => {
    const config = await writeWorkspace(folder);
    const { stderr } = await mustRun(folder, words(folder, { config }));
    assert.doesNotMatch(stderr, /minimum|start/);
    const { farm } = await readManifest(runDir(folder));
    assert.deepEqual([farm.workspace, farm.observed_fit], [undefined, undefined]);
    assert.equal(existsSync(join(runDir(folder), "starts")), false);
  }));

Deno.test("an observed fit that no start heals is refused, unless it is accepted, which the run keeps", () =>
  inFolder(async (folder) => {
    // A stand-in prints a fit whose gradient is steep from every start; what it makes of toys is nextstat's.
    const program = join(folder, "nextstat");
    const steep = '"final_grad_norm": 5.0';
    await writeFile(
      program,
      `#!/bin/sh\n[ "$1" = fit ] || exec ${nextstat()} "$@"\n${nextstat()} "$@" | sed 's/"final_grad_norm": [^,]*/${steep}/'\n`,
      { mode: 0o755 },
    );
    const config = await writeWorkspace(folder);
    const own = (more: string[]) =>
      words(folder, { config, more }).map((word, i, all) => all[i - 1] === "--nextstat-bin" ? program : word);
    const refused = await nsfarm(folder, own([]));
    assertUserError(refused, {
      code: 3,
      line: /the fit of its observed data does not find its minimum \(the norm of its gradient is 5\.0\)/,
    });
    assert.match(refused.stderr, /--accept-observed-fit/);
    assert.equal(existsSync(runDir(folder)), false);
    const { stderr } = await mustRun(folder, own(["--accept-observed-fit"]));
    assert.match(stderr, /was accepted \(--accept-observed-fit\) though it does not find its minimum/);
    assert.equal((await readManifest(runDir(folder))).farm.observed_fit?.state, "accepted");
    assert.match((await nsfarm(folder, own([]))).stderr, /it has --accept-observed-fit, you gave none/);
  }));

Deno.test("a limit says of each point what its run says of the observed fit", () =>
  inFolder(async (folder) => {
    const config = await sample(folder);
    const where = ["--out-root", join(folder, "runs"), "--limit-id", "l", "--nextstat-bin", nextstat()];
    const grid = ["--mu", "0.5,2", "--n-toys", "40", "--shards", "2", "--threads", "1"];
    const asked = ["limit", "run", "--workload", "hypotest-toys", "--config", config, ...grid, ...where];
    const { stdout } = await nsfarm(folder, asked);
    assert.match(stdout, MISSED);
    const json = await nsfarm(folder, [
      ...["limit", "summarize", "--json", "--limit-json"],
      join(folder, "runs", "l.limit.json"),
    ]);
    const { points } = JSON.parse(json.stdout);
    assert.match(points[1].marks[0], MISSED);
    assert.match(await readFile(join(folder, "runs", "l.report.html"), "utf8"), MISSED);
  }));

const DEPENDS = /the result depends on the start of the toys' fits: .* by 1, .* by 3, .* by 10; the run has (\d+)/;

// Exact enumeration of the sample with 56 events: CLs+b .0383 for toys whose fits start at mu = 1, .0653 for right fits.
Deno.test("a result that depends on the start is marked, and --signal-scale picks the start of the right fits", () =>
  inFolder(async (folder) => {
    const config = await sample(folder);
    await writeFile(config, (await readFile(config, "utf8")).replace("55.0", "56.0"));
    for (const [scale, exact] of [["1", 0.0383], ["3", 0.0653]] as const) {
      const more = ["--signal-scale", scale];
      const { stderr } = await mustRun(folder, words(folder, { config, toys: 10_000, id: `k${scale}`, more }));
      assert.deepEqual(stderr.split("\n").flatMap((line) => DEPENDS.exec(line)?.[1] ?? []), [scale, scale]);
      const merged = join(runDir(folder, `k${scale}`), "merged.out.json");
      const p = await numberAt(merged, "clsb");
      assert(Math.abs(p - exact) < 3 * Math.sqrt(exact / 10_000), `scale ${scale}: ${p}, exact ${exact}`);
      assert.equal(await numberAt(merged, "mu_test"), 1);
      assert(Math.abs(await numberAt(merged, "mu_hat") - 0.3) < 1e-3);
      const { farm } = await readManifest(runDir(folder, `k${scale}`));
      assert.deepEqual([farm.workload?.mu, farm.scale_check?.rows.length], [1, 3]);
      await mustRun(folder, ["verify", runDir(folder, `k${scale}`)]);
      const { stdout } = await mustRun(folder, [
        "export",
        runDir(folder, `k${scale}`),
        "--format",
        "csv",
        "--out",
        "-",
      ]);
      const [head = "", row = ""] = stdout.split("\n");
      assert(Math.abs(Number(row.split(",")[head.split(",").indexOf("mu_hat")]) - 0.3) < 1e-3, row);
    }
    const other = await nsfarm(folder, words(folder, { config, toys: 10_000, id: "k3" }));
    assert.match(other.stderr, /it has --signal-scale 3, you gave none/);
  }));

Deno.test("a --signal-scale that cannot be is refused before anything is written", () =>
  inFolder(async (folder) => {
    const config = await sample(folder);
    for (const scale of ["0", "-1", "word"]) {
      const ran = await nsfarm(folder, words(folder, { config, more: [`--signal-scale=${scale}`] }));
      assertUserError(ran, {
        code: 2,
        line: new RegExp(`Cannot use --signal-scale "${scale}": wanted a number above 0`),
      });
    }
    const toys = ["--config", config, "--n-toys", "4", "--shards", "2", "--nextstat-bin", nextstat()];
    for (const more of [["--signal-scale", "3"], ["--accept-observed-fit"]]) {
      for (const workload of [["--workload", "unbinned-hypotest-toys", "--mu", "1"], ["--workload", "fit-toys"]]) {
        const ran = await nsfarm(folder, ["run", ...toys, ...workload, ...more, "--out-dir", join(folder, "runs")]);
        assertUserError(ran, { code: 2, line: new RegExp(`Cannot use ${more[0]} with .*: only hypotest-toys reads`) });
      }
    }
    const spec = JSON.parse(await readFile(config, "utf8"));
    for (const one of spec.channels[0].samples) one.modifiers.push({ name: "stat", type: "staterror", data: [1] });
    await writeFile(config, JSON.stringify(spec));
    const ran = await nsfarm(folder, words(folder, { config, more: ["--signal-scale", "3"] }));
    assertUserError(ran, { code: 3, line: /its staterror "stat" is of the signal and of other samples together/ });
    assert.equal(existsSync(join(folder, "runs")), false);
  }));
