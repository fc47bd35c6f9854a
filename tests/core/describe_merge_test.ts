import assert from "node:assert/strict";
import { describeMerge, describeTimes } from "../../core/collected.ts";
import type { MergeReport } from "../../core/schema/merge_report.ts";
import type { RunTimes } from "../../core/schema/run_times.ts";

const TIMES: RunTimes = {
  max_shard_elapsed_s: 0.512,
  makespan_s: 8.3,
  makespan_spread_s: 0.004,
  turnaround_s: 9.25,
  waves: 20,
  most_at_once: 2,
  toys_per_s: 240.9638,
  stretches: [],
  cpu_s: 16,
  wasted_cpu_s: 75,
  failed_attempts: 1,
  lost_attempts: 0,
};

const FITS: MergeReport["fits"] = {
  ...{ poi: "mu", poi_true: 1, poi_bounds: [0, 5], n_toys: 1999, n_on_lower: 0, n_on_upper: 0 },
  ...{ findings: [], warnings: [], n_shards: 40 },
};

const REPORT: MergeReport = {
  fits: FITS,
  merged: "/runs/study1/merged.out.json",
  merged_sha256: "1a".repeat(32),
  merge_status: "/runs/study1/merge_status.json",
  run_id: "study1",
  partial: false,
  n_shards: 40,
  n_shards_merged: 40,
  n_toys: 2000,
  n_toys_merged: 2000,
  n_converged: 1997,
  n_nonconverged: 2,
  n_error: 1,
  mean: 1.0027545764891843,
  std: 0.022390044341569434,
  q16: 0.9812097884428923,
  q50: 1.0048377255113505,
  q84: 1.0243393659104785,
  pull_mean: 0.0123456789,
  pull_std: 1,
  n_pulls: 1990,
  gen_spread: null,
  missing: [],
  guardrails: null,
  problems: [],
  times: TIMES,
  notes: [],
  exit_code: 0,
};

Deno.test("golden: a merge prints its path first, then counts, the summary, the pulls and both times", () => {
  assert.equal(
    describeMerge(REPORT),
    `/runs/study1/merged.out.json
40 of 40 shards, 2000 of 2000 toys
n_converged 1997, not converged 2, errors 1
mu     mean 1.00275 ± 0.00050  std 0.02239 ± 0.00035  q16 0.981210  q50 1.00484  q84 1.02434
pulls  mean 0.012 ± 0.022  std 1.000 ± 0.016  NOT OF ALL: 7 of 1997 converged toys have no pull, their sigma is 0 or no number
makespan_s 8.300 s ± 0.004 s, 241.0 toys/s
max_shard_elapsed_s 0.512 s (20 waves: at most 2 shards at a time)
turnaround_s 9.250 s
CPU lost in failed attempts: 1 min 15 s`,
  );
});

Deno.test("a partial merge warns, a merge without pulls has no line for them, a refused merge prints no result", () => {
  const partial = describeMerge({
    ...REPORT,
    partial: true,
    n_shards_merged: 39,
    n_toys_merged: 1950,
    pull_mean: null,
    n_pulls: undefined,
  });
  assert.match(partial, /\n39 of 40 shards, 1950 of 2000 toys \(PARTIAL\)\n/);
  assert.doesNotMatch(partial, /pulls/);
  assert.match(describeMerge({ ...REPORT, fits: null }), /\nPOI {4}mean 1\.00275 {2}std 0\.0223900 /);
  assert.doesNotMatch(describeMerge({ ...REPORT, mean: null, std: null }), /unknown|POI|mu/);
  assert.match(describeMerge({ ...REPORT, n_pulls: 1997 }), /std 1\.000 ± 0\.016$/m);
  assert.equal(describeMerge({ ...REPORT, merged: null }), "");
});

Deno.test("pulls without a usable sigma are left out of the line and counted, with what nextstat makes of all", () => {
  const stuck = { n: 1780, mean: -0.1, std: 1.02, n_on_bound: 200, n_tiny: 10 };
  const of = (change: Partial<MergeReport>) => /^pulls.*$/m.exec(describeMerge({ ...REPORT, ...change }))?.[0];
  assert.equal(
    of({ pull_mean: -126.4169, pull_std: 208.28423, usable_pulls: stuck }),
    "pulls  mean -0.100 ± 0.024  std 1.020 ± 0.017  NOT OF ALL: 217 of 1997 converged toys have no usable sigma (200 lie on a bound of mu, 10 have one below 1/50 of the median, of 7 it is 0 or no number); with all, as nextstat: mean -126.417, std 208.284",
  );
  assert.equal(
    of({ usable_pulls: { n: 0, mean: null, std: null, n_on_bound: 1990, n_tiny: 0 } }),
    "pulls  NONE: 1997 of 1997 converged toys have no usable sigma (1990 lie on a bound of mu, of 7 it is 0 or no number); with all, as nextstat: mean 0.0123457, std 1.00000",
  );
  assert.equal(
    of({ n_pulls: 0, pull_mean: null, pull_std: null }),
    "pulls  NONE: 1997 of 1997 converged toys have no pull, their sigma is 0 or no number",
  );
});

Deno.test("unknown times are printed as unknown, never as 0", () => {
  const nothing = { ...TIMES, makespan_s: null, max_shard_elapsed_s: null, waves: null, toys_per_s: null };
  const text = describeTimes({ ...nothing, turnaround_s: null, wasted_cpu_s: 0, makespan_spread_s: null });
  assert.equal(text, "makespan_s unknown\nmax_shard_elapsed_s unknown");
});

Deno.test("an interrupted run has sessions instead of a makespan", () => {
  const stretch = { started_at_utc: "a", finished_at_utc: "b", makespan_s: 1, n_shards: 1, n_toys: 1, toys_per_s: 1 };
  const text = describeTimes({
    ...TIMES,
    makespan_s: null,
    toys_per_s: null,
    stretches: [stretch, stretch],
    waves: 1,
    most_at_once: null,
  });
  assert.match(
    text,
    /^makespan_s n\/a: the run was interrupted \(2 sessions: .* \+ .*\)\nmax_shard_elapsed_s 0\.512 s \(1 wave\)\n/,
  );
});
