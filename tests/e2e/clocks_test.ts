import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ShardingPlan } from "../../core/schema/plan.ts";
import { RunTimes } from "../../core/schema/run_times.ts";
import { CommittedMetrics } from "../../core/schema/shard_record.ts";
import { mustRun, runArgs, runDir } from "../support/farm.ts";
import { inFolder } from "../support/scratch.ts";
import { standIn } from "../support/stand_in.ts";

const SHARDS = [0, 1, 2, 3, 4, 5, 6, 7];

/** A run of eight shards on two slots. */
async function runEight(folder: string) {
  const slow = await standIn(folder, "sleep 0.2");
  const more = ["--local-slots", "2"];
  return await mustRun(folder, runArgs(folder, { toys: 16, shards: 8, nextstat: slow.path, more }));
}

type Farm = CommittedMetrics["farm"];

async function changeRecords(folder: string, change: (farm: Farm, shard: number) => Farm): Promise<void> {
  for (const shard of SHARDS) {
    const path = join(runDir(folder), `shard_${shard}.metrics.json`);
    const document = CommittedMetrics.parse(JSON.parse(await readFile(path, "utf8")));
    await writeFile(path, JSON.stringify({ ...document, farm: change(document.farm, shard) }));
  }
}

const later = (utc: string, s: number) => new Date(Date.parse(utc) + s * 1000).toISOString();

async function timesOf(folder: string) {
  const merged = await mustRun(folder, ["merge", runDir(folder), "--json", "--out", join(folder, "again.json")]);
  return RunTimes.parse(JSON.parse(merged.stdout).times);
}

async function statusOf(folder: string) {
  return JSON.parse((await mustRun(folder, ["status", runDir(folder), "--json"])).stdout);
}

for (const by_s of [-3600, 7200]) {
  Deno.test(`a clock that is set by ${by_s} s during a run changes no time, wave, rate or plan, in records of any version`, () =>
    inFolder(async (folder) => {
      await runEight(folder);
      const before = await timesOf(folder);
      assert.deepEqual([before.waves, before.stretches], [4, []]);
      // Shards 4 to 7 begin after the step, and 2 and 3 end after it.
      const stamped = (farm: Farm, shard: number): Farm => ({
        ...farm,
        started_at_utc: shard < 4 ? farm.started_at_utc : later(farm.started_at_utc, by_s),
        finished_at_utc: shard < 2 ? farm.finished_at_utc : later(farm.finished_at_utc, by_s),
        clock_offset_s: shard < 4 ? farm.clock_offset_s : (farm.clock_offset_s ?? 0) + by_s,
      });
      await changeRecords(folder, stamped);
      assert.deepEqual(await timesOf(folder), before);
      await changeRecords(folder, ({ clock: _, ...farm }) => farm);
      const old = await timesOf(folder);
      assert.ok(Math.abs((old.makespan_s ?? NaN) - (before.makespan_s ?? NaN)) < 0.1, `${old.makespan_s}`);
      assert.deepEqual([old.waves, old.stretches], [4, []]);
      assert.ok(Math.abs((old.turnaround_s ?? NaN) - (before.turnaround_s ?? NaN)) < 0.5, `${old.turnaround_s}`);
      assert.equal((await statusOf(folder)).toys_per_s, old.toys_per_s);
      const plan = await mustRun(folder, ["plan", "--from", runDir(folder), "--json"]);
      assert.equal(ShardingPlan.parse(JSON.parse(plan.stdout)).n_slots, 2);
      await mustRun(folder, ["report", runDir(folder), "--svg", join(folder, "svg")]);
      assert.match(await readFile(join(folder, "svg", "gantt.svg"), "utf8"), /8 shards on 1 host, 2 slots/);
    }));
}

Deno.test("contradictory time stamps give no times and no plan", () =>
  inFolder(async (folder) => {
    await runEight(folder);
    await changeRecords(folder, ({ clock: _, ...farm }, shard) => ({
      ...farm,
      // As the sh wrapper of an earlier version wrote it: what it took is from the clock that was set.
      ...(shard === 3 ? { wall_s: -3599.5, finished_at_utc: later(farm.started_at_utc, -3599.5) } : {}),
    }));
    const { makespan_s, waves, turnaround_s, toys_per_s, max_shard_elapsed_s } = await timesOf(folder);
    assert.deepEqual([makespan_s, waves, turnaround_s, toys_per_s, max_shard_elapsed_s], Array(5).fill(null));
    const { stdout } = await mustRun(folder, ["merge", runDir(folder), "--out", join(folder, "more.json")]);
    assert.match(stdout, /makespan_s unknown\nmax_shard_elapsed_s unknown/);
    const { stderr } = await mustRun(folder, ["plan", "--from", runDir(folder)], 3);
    assert.match(stderr, /clocks disagree about when its shards ran/);
    await mustRun(folder, ["report", runDir(folder)]);
    assert.match(await readFile(join(runDir(folder), "report.html"), "utf8"), /clocks disagree about when they ran/);
  }));

Deno.test("the last line of progress, the summary, status and report have the same rate; an interrupted run has none", () =>
  inFolder(async (folder) => {
    const { stdout, stderr } = await runEight(folder);
    const rate = /makespan_s [\d.]+ s, ([\d.]+ toys\/s)/.exec(stdout)?.[1] ?? "none";
    const last = stderr.split("\n").findLast((line) => line.startsWith("8/8 done"));
    assert.equal(/[\d.]+ toys\/s/.exec(last ?? "")?.[0], rate);
    assert.match((await mustRun(folder, ["status", runDir(folder)])).stdout, new RegExp(`16 toys, ${rate}\n`));
    await changeRecords(folder, (farm, shard) => {
      const { clock, ...rest } = farm;
      const pause_s = shard < 4 ? 0 : 600;
      return {
        ...rest,
        started_at_utc: later(farm.started_at_utc, pause_s),
        finished_at_utc: later(farm.finished_at_utc, pause_s),
        ...(clock ? { clock: { ...clock, started_boot_s: (clock.started_boot_s ?? 0) + pause_s } } : {}),
      };
    });
    const status = await statusOf(folder);
    assert.deepEqual([status.toys_per_s, status.left_s], [null, null]);
    assert.doesNotMatch((await mustRun(folder, ["status", runDir(folder)])).stdout, /toys\/s/);
    assert.equal((await timesOf(folder)).stretches.length, 2);
    await mustRun(folder, ["report", runDir(folder)]);
    const again = await mustRun(
      folder,
      runArgs(folder, { toys: 16, shards: 8, more: ["--local-slots", "2"], nextstat: join(folder, "stand-in") }),
    );
    assert.doesNotMatch(again.stderr + again.stdout, /toys\/s/);
  }));

Deno.test("a run of one shard plans without a scatter of its times", () =>
  inFolder(async (folder) => {
    await mustRun(folder, runArgs(folder, { toys: 4, shards: 1 }));
    const { stdout } = await mustRun(folder, ["plan", "--from", runDir(folder)]);
    assert.match(stdout, /Uncertainty unknown \(/);
    assert.doesNotMatch(stdout, /±|\d to \d/);
    const { counts, uncertainty } = ShardingPlan.parse(
      JSON.parse((await mustRun(folder, ["plan", "--from", runDir(folder), "--json"])).stdout),
    );
    assert.equal(uncertainty, null);
    assert.equal(counts[0]?.pulled_makespan_s.q16, null);
  }));
