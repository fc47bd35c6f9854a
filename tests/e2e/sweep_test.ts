import assert from "node:assert/strict";
import { join } from "node:path";
import { Sweep } from "../../core/schema/sweep.ts";
import { SweepSummary } from "../../core/schema/sweep_summary.ts";
import { mustRun, namesIn, nextstat, nsfarm, readText, spec10k, start } from "../support/farm.ts";
import { inFolder, until } from "../support/scratch.ts";
import { standIn } from "../support/stand_in.ts";
import { assertUserError } from "../support/user_error.ts";
import { assertSameToys, readJson, unsharded } from "../support/toys.ts";

interface RequestedSweep {
  list?: string;
  toys?: number;
  nextstat?: string;
  more?: string[];
}

const sweepArgs = (
  folder: string,
  what: "render" | "run",
  { list = "2,3", toys = 6, ...rest }: RequestedSweep = {},
) => [
  ...["sweep", what, "--shards-list", list, "--n-toys", `${toys}`, "--config", spec10k(), "--threads", "1"],
  ...["--nextstat-bin", rest.nextstat ?? nextstat(), "--out-root", join(folder, "runs"), "--sweep-id", "s"],
  ...["--no-check", ...rest.more ?? []],
];
const sweepJson = (folder: string) => join(folder, "runs", "s.sweep.json");
const submitArgs = (folder: string, ...more: string[]) => [
  ...["sweep", "submit", "--sweep-json", sweepJson(folder)],
  ...more,
];

async function readSweep(folder: string): Promise<Sweep> {
  return Sweep.parse(JSON.parse(await readText(sweepJson(folder))));
}
const states = async (folder: string) =>
  Object.fromEntries((await readSweep(folder)).runs.map((point) => [point.run_id, point.farm?.state]));

Deno.test("a sweep is rendered, run, collected and merged: each of its runs gives the unsharded result", () =>
  inFolder(async (folder) => {
    await mustRun(folder, sweepArgs(folder, "render", { more: ["--repeats", "2"] }));
    assert.deepEqual(new Set(Object.values(await states(folder))), new Set(["open"]));
    await mustRun(folder, submitArgs(folder));
    const names = ["s_rep1_sh2", "s_rep1_sh3", "s_rep2_sh2", "s_rep2_sh3"];
    assert.deepEqual(await namesIn(join(folder, "runs")), [".s.sweep.json.lock", "s.sweep.json", ...names]);
    const whole = await unsharded(folder, 6);
    for (const name of names) assertSameToys(await readJson(join(folder, "runs", name, "merged.out.json")), whole);
    for (const { farm } of (await readSweep(folder)).runs) {
      assert.equal(farm?.state, "done");
      assert((farm?.before?.load_average?.length ?? 0) > 0 && farm?.after !== null, "the pool is looked at twice");
      assert((farm?.stopwatch_s ?? 0) > 0);
    }
  }));

Deno.test("a run that fails does not stop the others, is recorded as failed, and --force repairs it", () =>
  inFolder(async (folder) => {
    const fake = await standIn(folder, `[ -e "$here/mended" ] || [ "$shard" != 2 ] || { echo "no" >&2; exit 3; }`);
    await mustRun(folder, sweepArgs(folder, "render", { nextstat: fake.path }));
    const ran = await mustRun(folder, submitArgs(folder), 5);
    assert.match(ran.stdout, /^failed +.*s_sh3: 2\/3 shards ok, 1 failed; shard 2: /m);
    assert.deepEqual(await states(folder), { s_sh2: "done", s_sh3: "failed" });
    await fake.mark("mended");
    const fits = (await fake.log()).length;
    await mustRun(folder, submitArgs(folder), 5);
    assert.equal((await fake.log()).length, fits, "without --force nothing runs");
    await mustRun(folder, submitArgs(folder, "--force"));
    assert.deepEqual(await states(folder), { s_sh2: "done", s_sh3: "done" });
    const again = (await fake.log()).slice(fits).filter((line) => line.what === "start");
    assert.deepEqual(again.map(({ shard }) => shard), [2], "only the failed shard runs again");
  }));

Deno.test("a sweep that is killed continues: no finished fit is repeated", () =>
  inFolder(async (folder) => {
    const fake = await standIn(folder, `[ -e "$here/free" ] || [ "$shard" != 2 ] || sleep 3`);
    await mustRun(folder, sweepArgs(folder, "render", { list: "2,3,4", toys: 8, nextstat: fake.path }));
    const killed = start(folder, submitArgs(folder));
    await until("a shard hangs", async () => (await fake.pids(2)).length > 0);
    killed.kill("SIGKILL");
    await killed.ended;
    await fake.mark("free");
    const before = (await fake.log()).filter((line) => line.what === "end").length;
    await mustRun(folder, submitArgs(folder));
    assert.deepEqual(new Set(Object.values(await states(folder))), new Set(["done"]));
    const ended = (await fake.log()).filter((line) => line.what === "end").length;
    assert(ended - before <= 9 - before + 1, `${ended} fits ended for 9 shards`);
    const cut = (await readSweep(folder)).runs.filter(({ farm }) => farm?.stopwatch_s === null);
    assert.equal(cut.length, 1, "the run that was interrupted has no stopwatch time");
  }));

Deno.test("Ctrl-C leaves the present run open and starts no other", () =>
  inFolder(async (folder) => {
    const fake = await standIn(folder, `[ "$shard" != 1 ] || sleep 30`);
    await mustRun(folder, sweepArgs(folder, "render", { nextstat: fake.path }));
    const stopped = start(folder, submitArgs(folder));
    await until("a shard hangs", async () => (await fake.pids(1)).length > 0);
    stopped.kill("SIGINT");
    const ran = await stopped.ended;
    assert.equal(ran.code, 130, ran.stderr);
    assert.match(ran.stderr, /go on with nsfarm-deno sweep submit/);
    assert.deepEqual(new Set(Object.values(await states(folder))), new Set(["open"]));
  }));

Deno.test("--no-collect and --no-merge leave that to sweep collect and sweep merge", () =>
  inFolder(async (folder) => {
    await mustRun(folder, sweepArgs(folder, "render", { list: "2" }));
    const line = /Cannot use --mode transfer with local: its jobs need a shared file system/;
    assertUserError(await nsfarm(folder, submitArgs(folder, "--mode", "transfer")), { code: 2, line });
    await mustRun(folder, submitArgs(folder, "--no-collect"));
    assert.deepEqual(await states(folder), { s_sh2: "ran" });
    const merged = async () => (await namesIn(join(folder, "runs", "s_sh2"))).includes("merged.out.json");
    assert.equal(await merged(), false);
    await mustRun(folder, ["sweep", "collect", "--sweep-json", sweepJson(folder)]);
    assert.deepEqual(await states(folder), { s_sh2: "done" });
    assert.equal(await merged(), false);
    const { stdout } = await mustRun(folder, ["sweep", "merge", "--sweep-json", sweepJson(folder), "--json"]);
    assert.equal(JSON.parse(stdout).runs[0].state, "done");
    assert.equal(await merged(), true);
  }));

Deno.test("a bad sweep is refused before anything is written", () =>
  inFolder(async (folder) => {
    const bad: [string[], RegExp][] = [
      [sweepArgs(folder, "render", { list: "2,7" }), /Cannot split 6 toys into 7 shards/],
      [sweepArgs(folder, "render", { list: "2,x" }), /Cannot use --shards-list "2,x": "x" is no number of shards/],
      [sweepArgs(folder, "render", { more: ["--repeats", "0"] }), /Cannot use --repeats "0"/],
      [sweepArgs(folder, "render", { more: ["--sweep-id", "a/b"] }), /"a\/b"/],
      [["sweep", "rendr"], /Cannot find a command "sweep rendr"/],
      [["sweep", "render"], /--(config|shards-list)/],
    ];
    for (const [args, line] of bad) assertUserError(await nsfarm(folder, args), { code: 2, line });
    const line = /Cannot read the sweep ".*": it is not there/;
    assertUserError(await nsfarm(folder, submitArgs(folder)), { code: 3, line });
    assert.deepEqual(await namesIn(join(folder, "runs")), []);
  }));

Deno.test("a sweep is rendered once; an interrupted render is finished with the runs that exist", () =>
  inFolder(async (folder) => {
    const args = sweepArgs(folder, "render");
    await mustRun(folder, args);
    assertUserError(await nsfarm(folder, args), { code: 2, line: /Cannot render the sweep .* it exists already/ });
    await Deno.remove(sweepJson(folder));
    await Deno.remove(join(folder, "runs", "s_sh3"), { recursive: true });
    const kept = await readText(join(folder, "runs", "s_sh2", "manifest.json"));
    await mustRun(folder, args);
    assert.equal(await readText(join(folder, "runs", "s_sh2", "manifest.json")), kept);
    await Deno.remove(sweepJson(folder));
    const other = sweepArgs(folder, "render", { more: ["--seed", "7"] });
    assertUserError(await nsfarm(folder, other), {
      code: 2,
      line: /Cannot use the run ".*" in the sweep: .*you gave 7/,
    });
  }));

Deno.test("sweep run does all steps, and its summary agrees with a stopwatch and a count", () =>
  inFolder(async (folder) => {
    const args = sweepArgs(folder, "run", { list: "2,4", toys: 8, more: ["--repeats", "2", "--json"] });
    const begin = performance.now();
    const { stdout } = await mustRun(folder, args);
    const all_s = (performance.now() - begin) / 1000;
    const summary = SweepSummary.parse(JSON.parse(stdout));
    assert.deepEqual(summary.runs.map(({ shards, n_done }) => [shards, n_done]), [[2, 2], [4, 2]]);
    let sum_s = 0;
    for (const { makespan_s, stopwatch_s, n_converged, turnaround_s } of summary.points) {
      assert(makespan_s !== null && stopwatch_s !== null && turnaround_s !== null);
      assert(
        makespan_s <= turnaround_s && turnaround_s <= stopwatch_s + 0.01,
        `${makespan_s} ${turnaround_s} ${stopwatch_s}`,
      );
      assert.equal(n_converged, 8);
      sum_s += makespan_s;
    }
    assert(sum_s < all_s);
    const page = await readText(join(folder, "runs", "s.summary.md"));
    assert.match(page, /\| 2 \| 2\/2 \| 0\.\d{3} \|/);
    assert.equal((await readText(join(folder, "runs", "s.summary.csv"))).trimEnd().split("\n").length, 5);
    const again = await mustRun(folder, args);
    assert.match(again.stderr, /run 4 of 4 .* is not rerun without --force/);
  }));

Deno.test("a failed run is in the summary's table as failed, and the exit code shows it", () =>
  inFolder(async (folder) => {
    const fake = await standIn(folder, `[ "$shard" != 2 ] || { echo "no" >&2; exit 3; }`);
    await mustRun(folder, sweepArgs(folder, "run", { nextstat: fake.path }), 5);
    const page = await readText(join(folder, "runs", "s.summary.md"));
    assert.match(page, /\| 3 \| 1 \| failed: 1 of 3 shards without a result: .*exit 3: no \| 2\/3 \|/);
    const summarize = ["sweep", "summarize", "--sweep-json", sweepJson(folder), "--out-md", join(folder, "o.md")];
    const { stdout } = await mustRun(folder, summarize, 5);
    assert.equal(stdout, `${join(folder, "o.md")}\n`);
    assert.equal(await readText(join(folder, "o.md")), page);
  }));

Deno.test("a sweep of the old scripts is summarized, collected and merged; unknown values are left open", () =>
  inFolder(async (folder) => {
    await mustRun(folder, sweepArgs(folder, "run", { list: "2,3" }));
    await makeOld(folder);
    const args = ["sweep", "summarize", "--sweep-json", sweepJson(folder)];
    const summary = SweepSummary.parse(JSON.parse((await mustRun(folder, [...args, "--json"])).stdout));
    assert.deepEqual(summary.points.map((one) => [one.makespan_s, one.max_shard_elapsed_s, one.n_converged]), [
      [null, 2, 6],
      [null, 3, 6],
    ]);
    assert.deepEqual(summary.hosts.map(({ host, n_shards }) => [host, n_shards]), [["w0", 2], ["w1", 2], ["w2", 1]]);
    const page = (await mustRun(folder, [...args, "--slots", "2"])).stdout;
    assert.match(page, /s_sh2 2\.0 s, s_sh3 3\.0 s to 6\.0 s/);
    await mustRun(folder, ["sweep", "collect", "--sweep-json", sweepJson(folder)]);
    await mustRun(folder, ["sweep", "merge", "--sweep-json", sweepJson(folder)]);
    assert.deepEqual(Object.keys((await readSweep(folder)).runs[0] ?? {}), ["shards", "run_id", "run_dir"]);
    const line = /Cannot run the sweep ".*": it was rendered by other scripts/;
    assertUserError(await nsfarm(folder, submitArgs(folder)), { code: 3, line });
  }));

/** Takes away what the old scripts do not write, and puts their side files there. */
async function makeOld(folder: string): Promise<void> {
  const strip = async (path: string) => {
    const { farm: _, collected_at_utc: _at, results: _rows, ...rest } = JSON.parse(await readText(path));
    const runs = rest.runs?.map(({ farm: _, ...run }: { farm: unknown }) => run);
    await Deno.writeTextFile(path, JSON.stringify(runs ? { ...rest, runs } : rest));
  };
  await strip(sweepJson(folder));
  for (const shards of [2, 3]) {
    const dir = join(folder, "runs", `s_sh${shards}`);
    await strip(join(dir, "manifest.json"));
    for (const name of ["submit_meta.json", "merged.out.json", "merge_status.json"]) await Deno.remove(join(dir, name));
    for (let i = 0; i < shards; i++) {
      await strip(join(dir, `shard_${i}.metrics.json`));
      await Deno.writeTextFile(join(dir, `shard_${i}.rc`), "0\n");
      await Deno.writeTextFile(join(dir, `shard_${i}.host`), `w${i}\n`);
      await Deno.writeTextFile(join(dir, `shard_${i}.elapsed_s`), `${i + 1}\n`);
    }
  }
}

Deno.test("points of a sweep that are collected or merged before they have run stay open, and sweep submit continues with them", () =>
  inFolder(async (folder) => {
    const fake = await standIn(folder, `[ -e "$here/free" ] || [ "$shard" != 1 ] || sleep 30`);
    await mustRun(folder, sweepArgs(folder, "render", { nextstat: fake.path }));
    const stopped = start(folder, submitArgs(folder));
    await until("a shard hangs", async () => (await fake.pids(1)).length > 0);
    stopped.kill("SIGINT");
    assert.equal((await stopped.ended).code, 130);
    await fake.mark("free");
    for (const what of ["collect", "merge"]) {
      const { stdout } = await mustRun(folder, ["sweep", what, "--sweep-json", sweepJson(folder)], 5);
      assert.match(stdout, /^open +.*s_sh3: \d\/3 shards ok, /m);
      assert.match(stdout, /^open +.*s_sh2: 0\/2 shards ok, 0 failed, 2 queued; shard 0: not submitted/m);
      assert.deepEqual(await states(folder), { s_sh2: "open", s_sh3: "open" });
    }
    await mustRun(folder, submitArgs(folder));
    assert.deepEqual(await states(folder), { s_sh2: "done", s_sh3: "done" });
  }));
