import assert from "node:assert/strict";
import { join } from "node:path";
import { livePlans, uncutPlan } from "../../core/check_manifest.ts";
import { ShardingPlan } from "../../core/schema/plan.ts";
import { someOf } from "../support/amount.ts";
import { mustRun, namesIn, nsfarm, runDir, start } from "../support/farm.ts";
import { countDone, fingerprints, readAttempts, readManifest } from "../support/run_dir.ts";
import { endProcesses, inFolder, until } from "../support/scratch.ts";
import { assertSameToys, readJson, unsharded } from "../support/toys.ts";
import { assertUserError } from "../support/user_error.ts";
import { assertCutOnce, assertMinutes, minutesArgs, waitingNextstat, wholeShards } from "../support/minutes.ts";

const TOYS = 120;
const MINUTES = 0.1;
const TWO_SLOTS = ["--local-slots", "2"];

async function assertWhole(folder: string, toys = TOYS): Promise<void> {
  assertSameToys(await readJson(join(runDir(folder), "merged.out.json")), await unsharded(folder, toys));
}

/** Words of a run of 120 toys that wait 0.2 s each on two slots, in shards of about 30 toys. */
const words = async (folder: string, before = "", more: string[] = []): Promise<string[]> => [
  "run",
  ...minutesArgs(folder, MINUTES, {
    toys: TOYS,
    nextstat: await waitingNextstat(folder, { ms_a_toy: 200, before }),
    more: [...TWO_SLOTS, ...more],
  }),
];

Deno.test("a run by time has probes in each slot, then shards of that time and shorter ones, and the unsharded result", () =>
  inFolder(async (folder) => {
    const nextstat = await waitingNextstat(folder, { ms_a_toy: 120 });
    const args = ["run", ...minutesArgs(folder, 0.1, { toys: 500, nextstat, more: TWO_SLOTS })];
    const { stderr } = await mustRun(folder, args);
    assert.match(
      stderr,
      /^2 shards of \d+ toys first: their times give the size of shards of 0\.1 min for the other/m,
    );
    assert.match(stderr, /^cut \d+ toys into \d+ shards: \d+ ms per toy on \S+, \d+ toys in 0\.1 min$/m);
    const dir = runDir(folder);
    assert.equal(await assertCutOnce(dir), 2);
    assertMinutes(await wholeShards(dir));
    const sizes = livePlans(await readManifest(dir)).slice(2).map(({ n_toys }) => n_toys);
    assert((sizes.at(-1) ?? NaN) < (sizes[0] ?? NaN) / 2, `${sizes}`);
    await assertWhole(folder, 500);
    const before = await fingerprints(dir);
    assert.match((await mustRun(folder, args)).stderr, /^(\d+) of \1 shards are already done$/m);
    assert.deepEqual(await fingerprints(dir), before);
    await mustRun(folder, ["verify", dir]);
  }));

const MOMENTS = [
  { when: "while its probes run", holds: async (dir: string) => (await readAttempts(dir)).length > 0 },
  { when: "as soon as a probe is done", holds: async (dir: string) => await countDone(dir) > 0 },
  { when: "as soon as its probes are done", holds: async (dir: string) => await countDone(dir) >= 2 },
  {
    when: "as soon as its toys are cut",
    holds: async (dir: string) => uncutPlan(await readManifest(dir)) === undefined,
  },
];

for (const { when, holds } of someOf("moments at which a run by time is killed", MOMENTS, 2)) {
  Deno.test(`a run by time that is killed ${when} goes on by the same command, and keeps what is done`, () =>
    inFolder(async (folder) => {
      const args = await words(folder);
      const dir = runDir(folder);
      const first = start(folder, args);
      await until("the moment", async () => (await namesIn(dir)).includes("manifest.json") && await holds(dir));
      first.kill("SIGKILL");
      await first.ended;
      const before = await fingerprints(dir);
      await mustRun(folder, args);
      const after = await fingerprints(dir);
      for (const [name, print] of before) assert.equal(after.get(name), print, name);
      await assertCutOnce(dir);
      await assertWhole(folder);
    }));
}

Deno.test("two equal commands and a worker on one run by time cut its toys once", () =>
  inFolder(async (folder) => {
    const args = await words(folder);
    const both = [start(folder, args), start(folder, args)];
    await until("it is rendered", async () => (await namesIn(runDir(folder))).includes("manifest.json"));
    await mustRun(folder, ["work", runDir(folder), "--slots", "1"]);
    for (const { ended } of both) {
      const { code, stderr } = await ended;
      assert.equal(code, 0, stderr);
    }
    await assertCutOnce(runDir(folder));
    await assertWhole(folder);
  }));

Deno.test("where one probe fails the others give the time, and retry completes the run", () =>
  inFolder(async (folder) => {
    const fails = `case $out in */shard_0.*) [ -e '${folder}/mended' ] || exit 3 ;; esac`;
    const ran = await nsfarm(folder, await words(folder, fails));
    assert.equal(ran.code, 5, ran.stderr);
    await assertCutOnce(runDir(folder));
    await Deno.writeTextFile(join(folder, "mended"), "");
    await mustRun(folder, ["retry", runDir(folder), "--wait"]);
    await assertWhole(folder);
  }));

Deno.test("where all probes fail nothing is cut, and the same command goes on once the cause is mended", () =>
  inFolder(async (folder) => {
    const fails = `case $out in */incoming/*) [ -e '${folder}/mended' ] || exit 3 ;; esac`;
    const args = await words(folder, fails);
    assert.equal((await nsfarm(folder, args)).code, 5);
    const dir = runDir(folder);
    const rest = uncutPlan(await readManifest(dir));
    assert(rest);
    const status = await mustRun(folder, ["status", dir]);
    assert.match(status.stdout, new RegExp(`^${rest.n_toys} toys are not in shards yet: `, "m"));
    assertUserError(await nsfarm(folder, ["extend", dir, "--n-toys", "+10"]), {
      code: 2,
      line: /Cannot extend ".*": \d+ toys are not in shards before the probes have ended/,
      hint: /retry .* --wait/,
    });
    await Deno.writeTextFile(join(folder, "mended"), "");
    await mustRun(folder, args);
    await assertCutOnce(dir);
    await assertWhole(folder);
  }));

Deno.test("retry of a killed run by time cuts its toys for the worker in the background, and extend adds shards of that size", () =>
  inFolder(async (folder) => {
    const hangs = `case $out in */incoming/*) [ -e '${folder}/go' ] || exec sleep 60 ;; esac`;
    const dir = runDir(folder);
    const first = start(folder, await words(folder, hangs));
    await until(
      "the probes run",
      async () => (await namesIn(dir)).includes("attempts") && (await readAttempts(dir)).length === 2,
    );
    first.kill("SIGKILL");
    await first.ended;
    await endProcesses(folder);
    await Deno.writeTextFile(join(folder, "go"), "");
    await mustRun(folder, ["retry", dir, "--wait"]);
    await assertCutOnce(dir);
    await assertWhole(folder);
    const before = livePlans(await readManifest(dir)).length;
    await mustRun(folder, ["extend", dir, "--n-toys", "+40", "--wait"]);
    const added = livePlans(await readManifest(dir)).slice(before).map(({ n_toys }) => n_toys);
    assert(added.length >= 2 && added.every((n) => n <= 30), `${added}`);
    await assertWhole(folder, TOYS + 40);
  }));

Deno.test("render cuts all toys by the time of its trial fit, and says so", () =>
  inFolder(async (folder) => {
    const nextstat = await waitingNextstat(folder, { ms_a_toy: 120 });
    const args = ["render", ...minutesArgs(folder, MINUTES, { toys: 150, nextstat, more: TWO_SLOTS })];
    const { stderr } = await mustRun(folder, args);
    assert.match(
      stderr,
      /^150 toys in \d+ shards of .*, by the time of the test fit's one toy; nsfarm-deno run measures more$/m,
    );
    const manifest = await readManifest(runDir(folder));
    assert.deepEqual([uncutPlan(manifest), manifest.farm.history], [undefined, []]);
    await mustRun(folder, ["submit", runDir(folder), "--wait"]);
    assertMinutes(await wholeShards(runDir(folder)));
    await assertWhole(folder, 150);
  }));

Deno.test("run --dry-run names the probes and the toys that are cut later", () =>
  inFolder(async (folder) => {
    const { stdout } = await mustRun(folder, [...await words(folder), "--dry-run"]);
    const [, n, rest] =
      /^2 shards of (\d+) toys? first: .* for the other (\d+), with nextstat 0\.10\.1$/m.exec(stdout) ?? [];
    assert.equal(2 * Number(n) + Number(rest), TOYS);
  }));

Deno.test("--shard-minutes is refused with options that contradict it, and for times that make no sense", () =>
  inFolder(async (folder) => {
    const args = await words(folder);
    const refused = async (line: RegExp, more: string[], minutes = `${MINUTES}`) => {
      const changed = args.with(args.indexOf("--shard-minutes") + 1, minutes);
      assertUserError(await nsfarm(folder, [...changed, ...more]), { code: 2, line });
      assert.deepEqual(await namesIn(join(folder, "runs")), []);
    };
    await refused(/Cannot use --shard-minutes 0.1 with --shards 4: the time of a shard gives their number/, [
      "--shards",
      "4",
    ]);
    await refused(/Cannot use --shard-minutes 0.1 with --no-check: the test fit shows/, ["--no-check"]);
    await refused(/Cannot use --shard-minutes 0.1 with --pilots 2: /, ["--pilots", "2"]);
    await refused(/--shard-minutes "0": wanted a number of 0.01 or more/, [], "0");
    await refused(/--shard-minutes "-3": wanted a number of 0.01 or more/, [], "-3");
    await refused(/Cannot use --shard-minutes 60: all 120 toys together take about \d+/, [], "60");
    await refused(/Cannot use --shard-minutes 2 with --local-time 1:30: such jobs reach their time limit/, [
      "--local-time",
      "1:30",
    ], "2");
  }));

Deno.test("--shard-minutes is refused where nextstat does not say how long its toys took", () =>
  inFolder(async (folder) => {
    const test = ["--workload", "unbinned-hypotest-toys", "--mu", "1.04"];
    const ran = await nsfarm(folder, ["run", ...minutesArgs(folder, 1, { toys: 12, more: test })]);
    assertUserError(ran, {
      code: 2,
      line: /Cannot use --shard-minutes 1: this nextstat reports no time of its own for such toys/,
      hint: /Give the number of shards: --shards K/,
    });
    assert.deepEqual(await namesIn(join(folder, "runs")), []);
  }));

Deno.test("another time, or a number of shards, is another run", () =>
  inFolder(async (folder) => {
    const args = await words(folder);
    await mustRun(folder, ["render", ...args.slice(1)]);
    const other = args.with(args.indexOf("--shard-minutes") + 1, "0.2");
    assertUserError(await nsfarm(folder, other), { code: 2, line: /it has --shard-minutes 0.1, you gave 0.2/ });
    const at = args.indexOf("--shard-minutes");
    assertUserError(await nsfarm(folder, args.toSpliced(at, 2)), {
      code: 2,
      line: /it has --shard-minutes 0.1, you gave none/,
    });
  }));

Deno.test("plan names the time of a shard with the shortest makespan, in text and JSON", () =>
  inFolder(async (folder) => {
    const nextstat = await waitingNextstat(folder, { ms_a_toy: 100 });
    await mustRun(folder, ["run", ...minutesArgs(folder, 0.05, { toys: 120, nextstat, more: TWO_SLOTS })]);
    const args = ["plan", "--from", runDir(folder), "--n-toys", "100000", "--slots", "4"];
    const { stdout } = await mustRun(folder, args);
    const [, minutes] = /^By time: --shard-minutes (\S+), about \d+ shards, makespan /m.exec(stdout) ?? [];
    const plan = ShardingPlan.parse(JSON.parse((await mustRun(folder, [...args, "--json"])).stdout));
    assert.equal(plan.recommended.shard_minutes, Number(minutes));
    const best = plan.minutes?.find(({ shard_minutes }) => shard_minutes === Number(minutes));
    assert(best && plan.minutes?.every(({ makespan_s }) => best.makespan_s <= makespan_s * 1.03));
  }));
