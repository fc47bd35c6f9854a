import assert from "node:assert/strict";
import { failureText, guardrailsText, NO_GUARDRAILS } from "../../../core/merge/guardrails.ts";
import {
  checkMerged,
  guardrailError,
  type MergedCheck,
  mergedError,
  mergedExitCode,
} from "../../../core/merge/merged_check.ts";
import type { MergedAbout } from "../../../core/schema/merged.ts";
import { RUN_TOKEN, sampleManifest } from "../../fixtures/run.ts";

const MANIFEST = sampleManifest();
const SOURCES = MANIFEST.plans.map(({ shard_index, toy_start, n_toys }) => ({ shard_index, toy_start, n_toys }));
const FARM = { partial: false, run_tokens: [RUN_TOKEN], spec_sha256: MANIFEST.farm.spec_sha256 };

function about(change: Partial<MergedAbout> = {}, merge: Partial<MergedAbout["merge"]> = {}): MergedAbout {
  return {
    gen: { seed: 42, n_toys: 20 },
    guardrails: { passed: true, failures: [], ...NO_GUARDRAILS },
    merge: {
      schema_version: "nextstat.cpu_farm_unbinned_fit_toys_merged.v1",
      sources: SOURCES,
      farm: FARM,
      ...merge,
    },
    ...change,
  };
}

const check = (document: MergedAbout, manifest = MANIFEST): MergedCheck =>
  checkMerged(manifest, { kind: "read", about: document, fault: null });
const reported = (
  found: MergedCheck,
) => [found.state, mergedExitCode(found), ...found.findings.map(({ what }) => what)];

Deno.test("what several starts show is a finding of its own, and a warning only above the share that the run allows", () => {
  const start = { n_lowest_alone: 1, n_missed: 2, worst_missed_nll: 3, data_file: null, sha256: null };
  const starts = {
    ...{ k: 2, n_toys: 20, n_found_by_one: 2, missed_bound: 0.2, missed_estimate: 0.05, max_missed: 0.1 },
    starts: [0, 1].map((index) => ({ index, ...start })),
  };
  const fits = {
    ...{ poi: "mu", poi_true: 1, poi_bounds: null, n_toys: 20, n_on_lower: null, n_on_upper: null },
    ...{ findings: [], warnings: [], n_shards: 4 },
  };
  const kinds = (max_missed: number) =>
    check(about({}, { farm: { ...FARM, fits, starts: { ...starts, max_missed } } })).findings.map(({ kind }) => kind);
  assert.deepEqual(kinds(0.1), ["starts", "starts"]);
  assert.deepEqual(kinds(0.01), ["starts", "starts", "fits"]);
});

Deno.test("a whole merge with passed guardrails has no finding, nor has a run without a merge", () => {
  assert.deepEqual(reported(check(about())), ["whole", 0]);
  assert.deepEqual(reported(checkMerged(MANIFEST, { kind: "absent" })), ["absent", 0]);
});

Deno.test("a document that cannot be read is damaged", () => {
  const found = checkMerged(MANIFEST, { kind: "unreadable", what: "is empty" });
  assert.deepEqual(reported(found), ["damaged", 5, "merged.out.json is empty"]);
});

Deno.test("each failed guardrail is reported, with exit code 6", () => {
  const failures = [
    "abs(mean pull(POI)) too large: |-0.09987654| > 0.0001",
    "std(pull(POI)) out of range: 1.5 not in [0.9, 1.1]",
  ];
  const asked = { ...NO_GUARDRAILS, max_abs_poi_pull_mean: 0.0001, poi_pull_std_range: [0.9, 1.1] as [number, number] };
  const manifest = sampleManifest({ farm: { guardrails: asked } });
  const found = check(about({ guardrails: { passed: false, failures, ...asked } }), manifest);
  assert.deepEqual(reported(found), [
    "whole",
    6,
    "guardrail failed: |mean pull| 0.0999 > 0.0001 (merged.out.json)",
    "guardrail failed: std of pulls 1.5 not in [0.9, 1.1] (merged.out.json)",
  ]);
  assert.equal(found.guardrails_passed, false);
});

Deno.test("a guardrail that failed in the fourth digit is reported with all digits", () => {
  assert.equal(failureText("abs(mean pull(POI)) too large: |0.1000001| > 0.1"), "|mean pull| 0.1000001 > 0.1");
  assert.equal(failureText("something new"), "something new");
});

Deno.test("guardrails judged in place of the run's are reported as judged, without a fault", () => {
  const manifest = sampleManifest({ farm: { guardrails: { ...NO_GUARDRAILS, max_abs_poi_pull_mean: 0.1 } } });
  const judged = { passed: true, failures: [], ...NO_GUARDRAILS, max_abs_poi_pull_mean: 5 };
  assert.deepEqual(reported(check(about({ guardrails: judged }), manifest)), [
    "whole",
    0,
    "guardrails as merged: |mean pull| at most 5; the run requests: |mean pull| at most 0.1 (merged.out.json)",
  ]);
  assert.equal(guardrailsText(NO_GUARDRAILS), "nothing");
});

Deno.test("guardrails that another program's merge did not judge do not count as passed", () => {
  const manifest = sampleManifest({ farm: { guardrails: { ...NO_GUARDRAILS, require_all_converged: true } } });
  const found = check(about({}, { farm: undefined }), manifest);
  assert.deepEqual([found.state, found.guardrails_passed, mergedExitCode(found)], ["other", null, 5]);
  assert.deepEqual(reported(check(about({}, { farm: undefined }))), ["whole", 0]);
});

Deno.test("a partial merge says which toys are missing, also if its guardrails failed", () => {
  const sources = SOURCES.filter(({ shard_index }) => shard_index !== 1 && shard_index !== 3);
  const failed = { passed: false, failures: ["require_all_converged violated"] };
  const found = check(about({ guardrails: failed }, { sources, farm: { ...FARM, partial: true } }));
  assert.deepEqual(reported(found), [
    "partial",
    5,
    "merged.out.json is partial: 10 of 20 toys, without toys 5-9, 15-19",
    "guardrail failed: require_all_converged violated (merged.out.json)",
  ]);
  assert.equal(guardrailError(found), "guardrail failed: require_all_converged violated (merged.out.json)");
  assert.match(mergedError(found) ?? "", /^merged.out.json is partial: [^;]*; guardrail failed: [^;]*$/);
});

Deno.test("notes and warnings of a merge are no error", () => {
  const manifest = sampleManifest({ farm: { guardrails: { ...NO_GUARDRAILS, max_abs_poi_pull_mean: 0.1 } } });
  const judged = { passed: true, failures: [], ...NO_GUARDRAILS, max_abs_poi_pull_mean: 5 };
  const found = check(about({ guardrails: judged }), manifest);
  assert.deepEqual([found.findings.length, guardrailError(found), mergedError(found)], [1, null, null]);
});

Deno.test("a partial merge names twelve ranges of missing toys, and counts the others", () => {
  const missing = (shards: number) => {
    const manifest = sampleManifest({ n_toys: shards, shards });
    const sources = manifest.plans.filter((_, i) => i % 2 === 1);
    return check(about({ gen: { seed: 42, n_toys: shards } }, { sources }), manifest).findings[0]?.what ?? "";
  };
  assert.match(missing(24), /: 12 of 24 toys, without toys 0, 2, .*, 20, 22$/);
  assert.match(missing(28), /: 14 of 28 toys, without toys 0, 2, .*, 20, 22 and 2 more ranges$/);
});

Deno.test("a merge of another run, of another spec, or older than a change of the run is not the run's", () => {
  const cut = sampleManifest();
  cut.plans[0] = { ...SOURCES[0], ...cut.plans[0]!, farm: { replaced_by: [4, 5] } };
  cut.plans.push(
    { ...cut.plans[0], shard_index: 4, n_toys: 3, farm: undefined },
    { ...cut.plans[0], shard_index: 5, toy_start: 3, seed: 45, n_toys: 2, farm: undefined },
  );
  const cases: [RegExp, MergedCheck][] = [
    [/another run: its first seed is 7, the run's is 42/, check(about({ gen: { seed: 7, n_toys: 20 } }))],
    [/another run: its token/, check(about({}, { farm: { ...FARM, run_tokens: ["0123456789abcdef"] } }))],
    [/another spec/, check(about({}, { farm: { ...FARM, spec_sha256: "2b".repeat(32) } }))],
    [/not of the run as it is now: it is of 20 toys, the run has 25/, check(about(), sampleManifest({ n_toys: 25 }))],
    [/not of the run as it is now: the run has no shard 0 with the toys that it names/, check(about(), cut)],
  ];
  for (const [words, found] of cases) {
    assert.deepEqual([found.state, mergedExitCode(found)], ["other", 5]);
    assert.match(found.findings[0]?.what ?? "", words);
  }
});
