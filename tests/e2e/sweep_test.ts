import assert from "node:assert/strict";
import { join } from "node:path";
import { Sweep } from "../../core/contracts/sweep.ts";
import { mustRun, namesIn, nextstat, nsfarm, readText, spec10k, start } from "../support/farm.ts";
import { inFolder, until } from "../support/scratch.ts";
import { standIn } from "../support/stand_in.ts";
import { assertTold } from "../support/told.ts";
import { assertSameToys, readJson, unsharded } from "../support/toys.ts";

interface Asked {
  list?: string;
  toys?: number;
  nextstat?: string;
  more?: string[];
}

const sweepArgs = (folder: string, what: "render" | "run", { list = "2,3", toys = 6, ...rest }: Asked = {}) => [
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

Deno.test("a sweep is rendered, run, collected and merged: each of its runs is the unsharded run", () =>
  inFolder(async (folder) => {
    await mustRun(folder, sweepArgs(folder, "render", { more: ["--repeats", "2"] }));
    assert.deepEqual(new Set(Object.values(await states(folder))), new Set(["open"]));
    await mustRun(folder, submitArgs(folder));
    const names = ["s_rep1_sh2", "s_rep1_sh3", "s_rep2_sh2", "s_rep2_sh3"];
    assert.deepEqual(await namesIn(join(folder, "runs")), ["s.sweep.json", ...names]);
    const whole = await unsharded(folder, 6);
    for (const name of names) assertSameToys(await readJson(join(folder, "runs", name, "merged.out.json")), whole);
    for (const { farm } of (await readSweep(folder)).runs) {
      assert.equal(farm?.state, "done");
      assert((farm?.before?.load_average?.length ?? 0) > 0 && farm?.after !== null, "the pool is looked at twice");
      assert((farm?.stopwatch_s ?? 0) > 0);
    }
  }));

Deno.test("a run that fails does not stop the others, is on record as failed, and --force mends it", () =>
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

Deno.test("a sweep that is killed goes on where it was: no fit that was done is done again", () =>
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

Deno.test("Ctrl-C leaves the run at hand open and begins no other", () =>
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
    for (const [args, line] of bad) assertTold(await nsfarm(folder, args), { code: 2, line });
    const line = /Cannot read the sweep ".*": it is not there/;
    assertTold(await nsfarm(folder, submitArgs(folder)), { code: 3, line });
    assert.deepEqual(await namesIn(join(folder, "runs")), []);
  }));

Deno.test("a sweep is rendered once; an interrupted render is finished with the runs that it left", () =>
  inFolder(async (folder) => {
    const args = sweepArgs(folder, "render");
    await mustRun(folder, args);
    assertTold(await nsfarm(folder, args), { code: 2, line: /Cannot render the sweep .* it exists already/ });
    await Deno.remove(sweepJson(folder));
    await Deno.remove(join(folder, "runs", "s_sh3"), { recursive: true });
    const kept = await readText(join(folder, "runs", "s_sh2", "manifest.json"));
    await mustRun(folder, args);
    assert.equal(await readText(join(folder, "runs", "s_sh2", "manifest.json")), kept);
    await Deno.remove(sweepJson(folder));
    const other = sweepArgs(folder, "render", { more: ["--seed", "7"] });
    assertTold(await nsfarm(folder, other), { code: 2, line: /Cannot use the run ".*" in the sweep: .*asked is 7/ });
  }));
