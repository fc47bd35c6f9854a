import assert from "node:assert/strict";
import type { PointRecord, Sweep } from "../../../core/schema/sweep.ts";
import { SweepSummary } from "../../../core/schema/sweep_summary.ts";
import { byCount } from "../../../core/sweep/measures.ts";
import { type PointFacts, summarisePoint } from "../../../core/sweep/point_summary.ts";
import { summariseSweep } from "../../../core/sweep/summary.ts";
import { summaryCsv, summaryMarkdown } from "../../../core/sweep/summary_text.ts";
import { assertGolden } from "../../support/golden.ts";
import { inWaves, sampleFacts, type SampleRun } from "../support/sample_facts.ts";

const sweep: Sweep = {
  schema_version: "nextstat.pf32_shard_sweep.v1",
  created_at_utc: "2026-11-24T18:00:00.000Z",
  sweep_id: "study",
  scheduler: "slurm",
  config: "/specs/spec.json",
  n_toys: 400,
  seed: 42,
  threads: 1,
  nextstat_bin: "/bin/nextstat",
  out_root: "/runs",
  runs: [{ shards: 4, run_id: "study_sh4", run_dir: "/runs/study_sh4" }],
};

const snapshot = (load: number) => ({
  at_utc: "2026-11-24T18:00:00.000Z",
  host: "submit",
  load_average: [load, 0, 0],
  uptime_s: 1,
  nodes: [{ name: "n1", state: "mixed", cpus: 4, cpus_busy: Math.floor(load), load }],
  texts: [],
});

function record(repeat: number, change: Partial<PointRecord> = {}): PointRecord {
  const times = { started_at_utc: "2026-11-24T18:00:00.000Z", finished_at_utc: null, stopwatch_s: 1 };
  return { repeat, state: "done", error: null, ...times, before: snapshot(0.5), after: snapshot(1.5), ...change };
}

function point(repeat: number, shards: number, run: Omit<SampleRun, "run_id">, rec = record(repeat)): PointFacts {
  const run_id = `study_rep${repeat}_sh${shards}`;
  const facts = sampleFacts({ run_id, ...run });
  return { shards, repeat, run_id, run_dir: facts.run_dir, record: rec, facts, fault: null };
}

/** Two counts, three repeats; the last run of 8 shards lost one, and one run's directory is gone. */
function study(): PointFacts[] {
  const gone = "study_rep3_sh4";
  return [
    ...[10, 10.2].map((wall, i) => point(i + 1, 4, { shards: inWaves(4, 4, wall, 100, ["n1", "n|2<b>"]) })),
    {
      shards: 4,
      repeat: 3,
      run_id: gone,
      run_dir: `/runs/${gone}`,
      record: record(3),
      facts: null,
      fault: "gone | away",
    },
    ...[6, 6.4].map((wall, i) => point(i + 1, 8, { shards: inWaves(8, 4, wall, 50, ["n1", "n|2<b>"]) })),
    point(3, 8, { shards: [...inWaves(7, 4, 6, 50), { n_toys: 50, why: "exit 3" }] }, record(3, { state: "failed" })),
  ];
}

Deno.test("golden: the page of a sweep with repeats, a failed run and a lost directory", () => {
  assertGolden("sweep_summary.md", summaryMarkdown(summariseSweep(sweep, study(), null)));
});

Deno.test("golden: the CSV of the same sweep has a line for every run", () => {
  const text = summaryCsv(summariseSweep(sweep, study(), null));
  assert.equal(text.trimEnd().split("\n").length, 1 + 6);
  assertGolden("sweep_summary.csv", text);
});

Deno.test("the summary matches its schema", () => {
  SweepSummary.parse(summariseSweep(sweep, study(), 4));
});

Deno.test("makespan, longest shard and waves are distinguished: half-length shards in two waves take no less time", () => {
  const once = point(1, 4, { shards: inWaves(4, 4, 10, 100) });
  const twice = point(1, 8, { shards: inWaves(8, 4, 5, 50) });
  const [a, b] = [once, twice].map((one) => summarisePoint(one, null));
  assert.deepEqual([a?.makespan_s, b?.makespan_s], [10, 10]);
  assert.deepEqual([a?.max_shard_elapsed_s, b?.max_shard_elapsed_s], [10, 5]);
  assert.deepEqual([a?.waves, b?.waves], [1, 2]);
  assert.deepEqual([a?.toys_per_s, b?.toys_per_s], [40, 40]);
  assert.deepEqual([a?.claimed_toys_per_s, b?.claimed_toys_per_s], [40, 80]);
});

Deno.test("repeats are summarized as in the published tables: median, mean ± std with n in the denominator", () => {
  const runs = [160, 160, 164].map((wall, i) =>
    summarisePoint(point(i + 1, 200, { shards: inWaves(1, 1, wall, 10) }), null)
  );
  const [count] = byCount(runs);
  const makespan = count?.makespan_s;
  assert(typeof makespan === "object" && makespan !== null);
  assert.deepEqual([makespan.median, makespan.mean.toFixed(1), makespan.std.toFixed(1)], [160, "161.3", "1.9"]);
  const other = byCount(
    [140, 142, 170].map((wall, i) => summarisePoint(point(i + 1, 240, { shards: inWaves(1, 1, wall, 10) }), null)),
  )[0]?.makespan_s;
  assert(typeof other === "object" && other !== null);
  assert.deepEqual([other.median, other.mean.toFixed(1), other.std.toFixed(1)], [142, "150.7", "13.7"]);
});

Deno.test("a failed or interrupted run does not enter its count's figures", () => {
  const { runs, points } = summariseSweep(sweep, study(), null);
  assert.deepEqual(runs.map(({ shards, n_runs, n_done }) => [shards, n_runs, n_done]), [[4, 3, 2], [8, 3, 2]]);
  assert.deepEqual(points.filter(({ state }) => state === "failed").map(({ run_id }) => run_id), [
    "study_rep3_sh4",
    "study_rep3_sh8",
  ]);
});

const reported = (facts: PointFacts[], slots: number | null = null) =>
  summariseSweep(sweep, facts, slots).interpretation.join("\n");

Deno.test("single measurements cannot tell a difference from chance; repeats show whether it exceeds their spread", () => {
  const once = [4, 8].map((shards) => point(1, shards, { shards: inWaves(shards, 4, 10, 10) }));
  assert.match(reported(once), /each was measured once, so the difference may be chance/);
  const walls = (shards: number, ...all: number[]) =>
    all.map((wall, i) => point(i + 1, shards, { shards: inWaves(4, 4, wall, 10) }));
  assert.match(reported([...walls(4, 10, 10.1), ...walls(8, 12, 12.1)]), /above the spread/);
  assert.match(reported([...walls(4, 10, 11), ...walls(8, 10.4, 11.2)]), /are not distinguishable/);
});

Deno.test("a count with only one makespan among its repeats is reported, without advice to use repeats", () => {
  const interrupted = [
    ...inWaves(2, 2, 10, 10),
    ...inWaves(2, 2, 10, 10).map((one) => ({
      ...one,
      start_s: 5000,
      end_s: 5010,
    })),
  ];
  const words = reported([
    ...[1, 2].map((repeat) => point(repeat, 4, { shards: inWaves(4, 4, 10, 10) })),
    point(1, 8, { shards: inWaves(8, 4, 10, 10) }),
    point(2, 8, { shards: interrupted, scheduler: "local" }),
  ]);
  assert.match(words, /more; a makespan is known of 8 shards only one of 2 runs, so the difference may be chance\./);
  assert.doesNotMatch(words, /measured once|--repeats/);
});

Deno.test("the host that caused the tail is named, with the estimated time without it", () => {
  const fast = inWaves(9, 3, 10, 100, ["fast"]);
  const facts = [point(1, 10, { shards: [...fast, { n_toys: 100, start_s: 0, end_s: 90, host: "slow" }] })];
  // Three slots of 10 toys/s do 1,000 toys in 33.3 s.
  assert.match(
    reported(facts),
    /half of the slots were idle during the last 1 min 0 s .*waiting for slow \(1 shard; without it the run would take at least 33 s\)/,
  );
});

Deno.test("slower toys at higher load show contention, a slow host does not", () => {
  const busy = Array.from({ length: 16 }, (_, i) => ({ n_toys: 10, start_s: i, end_s: i + 1 + i / 20, load: i / 4 }));
  assert.match(
    reported([point(1, 16, { shards: busy })]),
    /Toys took longer where the load was higher \(.*16 shards, r = 1\.00\)/,
  );
  const hosts = ["a", "b"].flatMap((host, j) =>
    Array.from({ length: 8 }, (_, i) => ({ n_toys: 10, start_s: i, end_s: i + 2 + j, load: j * 3 + i % 2, host }))
  );
  assert.match(
    reported([point(1, 16, { shards: hosts })]),
    /The time per toy shows no clear correlation with the load/,
  );
});

Deno.test("the throughput by the old definition is reported where it misleads", () => {
  assert.match(
    reported([point(1, 8, { shards: inWaves(8, 2, 5, 50) })]),
    /would wrongly give 80\.00 toys\/s for 8 shards, 4 times/,
  );
});

Deno.test("a run of the old scripts has no makespan, but with --slots limits on it", () => {
  const old = (shards: number, wall: number) =>
    point(1, shards, { shards: inWaves(shards, shards, wall, 5), is_old: true });
  const facts = [old(40, 425), old(240, 142)];
  const [few] = summariseSweep(sweep, facts, null).points;
  assert.deepEqual([few?.makespan_s, few?.turnaround_s, few?.waves, few?.toys_per_s], [null, null, null, null]);
  assert.deepEqual([few?.max_shard_elapsed_s, few?.claimed_toys_per_s], [425, 200 / 425]);
  assert.match(reported(facts), /No makespan is known/);
  assert.match(reported(facts, 74), /sh40 7 min 5 s, \S*sh240 2 min 22 s to 9 min 28 s/);
});

Deno.test("a host name that is Markdown or a formula has no effect", () => {
  const facts = [point(1, 2, { shards: inWaves(2, 2, 5, 5, ["=cmd()|<img src=x>", "`a`"]) })];
  const page = summaryMarkdown(summariseSweep({ ...sweep, sweep_id: "=x\n|y" }, facts, null));
  assert.match(page, /\| =cmd\(\)\\\|\\<img src=x\\> \|/);
  assert.match(page, /\| \\`a\\` \|/);
  assert.match(summaryCsv(summariseSweep({ ...sweep, sweep_id: '=x,"y' }, facts, null)), /^"'=x,""y",2/m);
});
