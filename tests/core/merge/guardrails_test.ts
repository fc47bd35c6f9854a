import assert from "node:assert/strict";
import {
  guardrailsJson,
  guardrailsText,
  hasGuardrail,
  judge,
  judgedGuardrails,
  needsPulls,
  NO_GUARDRAILS,
  replaceGuardrails,
} from "../../../core/merge/guardrails.ts";
import { jsonParts } from "../../../core/merge/json_text.ts";
import type { RequestedGuardrails } from "../../../core/schema/manifest.ts";
import type { MergedStarts } from "../../../core/schema/starts.ts";

const COUNTS = {
  n_toys: 10,
  n_error: 0,
  n_converged: 10,
  n_nonconverged: 0,
  n_validation_error: 0,
  n_computation_error: 0,
};
const PULL = { n_ok: 10, mean: -0.25, std: 1.5, q16: 0, q50: 0, q84: 0 };
const asked = (change: Partial<Parameters<typeof judge>[0]>) => ({ ...NO_GUARDRAILS, ...change });

Deno.test("any set passes without guardrails", () => {
  const counts = { ...COUNTS, n_error: 10, n_converged: 0 };
  assert.deepEqual(judge(NO_GUARDRAILS, counts, null), { passed: true, failures: [] });
  assert.ok(!needsPulls(NO_GUARDRAILS));
});

Deno.test("guardrails are named in words, the requested ones only", () => {
  assert.equal(guardrailsText(asked({ require_all_converged: true })), "all toys converged");
  const both = asked({ max_abs_poi_pull_mean: 0.1, poi_pull_std_range: [0.9, 1.1] });
  assert.equal(guardrailsText(both), "|mean pull| at most 0.1, std of pulls in [0.9, 1.1]");
});

Deno.test("one toy that erred or did not converge fails --require-all-converged", () => {
  const rule = asked({ require_all_converged: true });
  assert.ok(judge(rule, COUNTS, null).passed);
  assert.deepEqual(judge(rule, { ...COUNTS, n_nonconverged: 1 }, null).failures, [
    "require_all_converged violated (n_validation_error=0, n_computation_error=0, n_nonconverged=1)",
  ]);
  const old = { ...COUNTS, n_error: 2, n_validation_error: null, n_computation_error: null };
  assert.match(judge(rule, old, null).failures[0] ?? "", /n_validation_error=2, n_computation_error=0/);
});

Deno.test("the bounds themselves pass, values beyond them fail, and every failure is reported", () => {
  const at = asked({ max_abs_poi_pull_mean: 0.25, poi_pull_std_range: [1.5, 2] });
  assert.ok(judge(at, COUNTS, PULL).passed);
  const beyond = asked({ max_abs_poi_pull_mean: 0.2, poi_pull_std_range: [0.9, 1.1], require_all_converged: true });
  assert.deepEqual(judge(beyond, { ...COUNTS, n_error: 1, n_validation_error: 1 }, PULL).failures, [
    "require_all_converged violated (n_validation_error=1, n_computation_error=0, n_nonconverged=0)",
    "abs(mean pull(POI)) too large: |-0.25| > 0.2",
    "std(pull(POI)) out of range: 1.5 not in [0.9, 1.1]",
  ]);
});

Deno.test("each guardrail counts as one, has words, fails a bad set, and is in the document and read back from it", () => {
  const failing: Required<RequestedGuardrails> = {
    require_all_converged: true,
    max_abs_poi_pull_mean: 0.2,
    poi_pull_std_range: [0.9, 1.1],
    max_missed: 0.01,
  };
  for (const [name, value] of Object.entries(failing)) {
    const rule = replaceGuardrails(NO_GUARDRAILS, { ...NO_GUARDRAILS, [name]: value });
    assert.ok(hasGuardrail(rule) && guardrailsText(rule) !== guardrailsText(NO_GUARDRAILS), name);
    const verdict = judge(rule, { ...COUNTS, n_nonconverged: 1 }, PULL);
    assert.equal(verdict.failures.length, 1, name);
    assert.deepEqual(judgedGuardrails(JSON.parse(jsonParts(guardrailsJson(rule, verdict, PULL)).join(""))), rule);
  }
});

Deno.test("a guardrail on missed minima compares the bound on them, and fails toys of one start each", () => {
  const starts = { k: 2, n_toys: 300, starts: [], n_found_by_one: 4, missed_bound: 0.03, missed_estimate: 0.01 };
  const judged = (max_missed: number, of: MergedStarts | null) =>
    judge(asked({ max_missed }), COUNTS, PULL, of).failures;
  assert.deepEqual(judged(0.03, { ...starts, max_missed: 0.03 }), []);
  assert.deepEqual(judged(0.029, { ...starts, max_missed: 0.029 }), [
    "up to 0.030 of the toys may miss their minimum (95 %: 4 of 300 were found by one start alone) > 0.029",
  ]);
  assert.match(judged(0.5, null)[0] ?? "", /each toy was fitted from one start/);
});

Deno.test("without a single pull a guardrail on pulls fails", () => {
  const rule = asked({ max_abs_poi_pull_mean: 5 });
  assert.ok(needsPulls(rule));
  assert.match(judge(rule, COUNTS, null).failures[0] ?? "", /POI pull summary is unavailable/);
});

Deno.test("a guardrail that is given replaces the run's own, and every other stays", () => {
  const all = asked({ max_abs_poi_pull_mean: 0.2, poi_pull_std_range: [0.9, 1.1], require_all_converged: true });
  assert.deepEqual(replaceGuardrails(all, NO_GUARDRAILS), all);
  assert.deepEqual(replaceGuardrails(NO_GUARDRAILS, all), all);
  assert.deepEqual(replaceGuardrails(all, asked({ max_abs_poi_pull_mean: 0 })), { ...all, max_abs_poi_pull_mean: 0 });
});

Deno.test("guardrails and their verdict are in the document", () => {
  const rule = asked({ poi_pull_std_range: [1, 2] });
  const text = jsonParts(guardrailsJson(rule, judge(rule, COUNTS, PULL), PULL)).join("");
  assert.deepEqual(JSON.parse(text), {
    failures: [],
    max_abs_poi_pull_mean: null,
    passed: true,
    poi_pull_mean: -0.25,
    poi_pull_std: 1.5,
    poi_pull_std_range: [1, 2],
    require_all_converged: false,
  });
  assert.match(text, /"poi_pull_std_range": \[\n {4}1\.0,/);
  assert.deepEqual(judgedGuardrails(undefined), NO_GUARDRAILS);
});
