import assert from "node:assert/strict";
import { mergeNotes, type MergeOutcome, mergeReport } from "../../../core/merge/report.ts";
import { runTimes } from "../../../core/run_times.ts";
import { MergeReport } from "../../../core/schema/merge_report.ts";
import { mergeSet } from "../support/core_merge.ts";
import { sampleText } from "../support/samples.ts";

const { set } = mergeSet([{ toy_start: 0, seed: 42, text: sampleText("unsharded_20.out.json") }]);

function outcome(change: Partial<MergeOutcome> = {}): MergeOutcome {
  return {
    set,
    merged: "/r/merged.out.json",
    merged_sha256: "1a".repeat(32),
    run_id: "r",
    n_shards: 1,
    run: { seed: 42, n_toys: 20 },
    problems: [],
    missing: [],
    times: runTimes({ attempts: [], lost_attempts: 0, submissions: [], elapsed_s: [] }),
    ...change,
  };
}

Deno.test("a proven set has exit code 0, and the report matches its schema", () => {
  const report = mergeReport(outcome());
  assert.deepEqual(MergeReport.parse(report), report);
  assert.deepEqual([report.exit_code, report.partial, report.n_toys_merged, report.n_converged], [0, false, 20, 20]);
  assert.deepEqual(mergeNotes(report, null), []);
});

Deno.test("a refused set has exit code 5, the reasons and the option that accepts it", () => {
  const problems = [{ shard_index: 3, what: "shard_3.out.json is not there" }];
  const report = mergeReport(outcome({ set: null, merged: null, merged_sha256: null, problems }));
  assert.equal(report.exit_code, 5);
  assert.equal(report.mean, null);
  assert.deepEqual(mergeNotes(report, "partial"), [
    "nothing merged: the set is not consistent",
    "  shard 3: shard_3.out.json is not there",
    "nsfarm-deno merge --allow-partial merges the valid shards and marks the file as partial",
  ]);
});

Deno.test("a partial merge says how many toys it has, and which are missing", () => {
  const problems = [{ shard_index: 3, what: "shard_3.out.json is not there" }];
  const report = mergeReport(
    outcome({ problems, run: { seed: 42, n_toys: 25 }, missing: [{ toy_start: 20, seed: 62, n_toys: 5 }] }),
  );
  assert.equal(report.partial, true);
  assert.deepEqual(report.missing, [{ toy_start: 20, n_toys: 5, seed: 62 }]);
  assert.match(mergeNotes(report, null)[0] ?? "", /^partial merge, 20 of 25 toys:$/);
});

Deno.test("a failed guardrail has exit code 6, and is reported", () => {
  const failed = { ...set, verdict: { passed: false, failures: ["abs(mean pull(POI)) too large: |1| > 0.1"] } };
  const report = mergeReport(outcome({ set: failed }));
  assert.equal(report.exit_code, 6);
  assert.deepEqual(mergeNotes(report, null), ["guardrail failed: |mean pull| 1 > 0.1"]);
});

Deno.test("small differences between generation points are reported with their size", () => {
  const other = { ...set.sources[0], params: set.sources[0].params.map((value, i) => i === 1 ? value + 1e-9 : value) };
  const report = mergeReport(outcome({ set: { ...set, sources: [set.sources[0], other] } }));
  assert.match(
    mergeNotes(report, null)[0] ?? "",
    /generation points differ by up to 1\.0e-9 \(merge\.farm\.gen_spread\)/,
  );
});
