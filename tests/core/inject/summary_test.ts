import assert from "node:assert/strict";
import { rulesOf } from "../../../core/inject/judge.ts";
import { injectPoint, type PointToys } from "../../../core/inject/point.ts";
import { injectText, summariseInject } from "../../../core/inject/summary.ts";
import { injectPage } from "../../../core/report/inject_page.ts";
import { pageHtml } from "../../../core/report/page.ts";
import { type Inject, INJECT_SCHEMA, InjectSummary } from "../../../core/schema/inject.ts";
import { DISTRIBUTIONS } from "../../../runtime/system/distributions.ts";
import { pulledToys } from "../support/pulled_toys.ts";

/** Returns the summary of a study with a point for each set of toys; null: the run is not merged. */
function studyOf(...sets: (PointToys | null)[]): InjectSummary {
  const thresholds = { max_bias: 0.14, width_tolerance: 0.1, max_failed: 0.05, false_alarm: 0.01 };
  const rules = rulesOf(thresholds, sets.length, DISTRIBUTIONS);
  const named = sets.map((toys, i) => ({ toys, value: i + 1, run_id: `s_mu${i + 1}` }));
  const document: Inject = {
    schema_version: INJECT_SCHEMA,
    ...{ created_at_utc: "2026-11-26T00:00:00Z", nsfarm_version: "0", inject_id: "s", workload: "fit-toys" },
    ...{ scheduler: "local", config: "/spec.json", parameter: "mu", n_toys: 1000, seed: 42, seed_stride: 1000 },
    ...{ out_root: "/", points: named.map(({ value, run_id }) => ({ value, run_id })) },
  };
  const points = named.map(({ toys, ...point }) => injectPoint(point, toys, rules));
  return summariseInject(document, points, "mu", rules);
}

const good = pulledToys({ n: 1000, draw: 0.3 });
const biased = pulledToys({ n: 1000, draw: 0.3, mean: 0.5 });
const marked = { ...good, mark: "up to 17 % of the toys may miss their minimum" };
const few = pulledToys({ n: 60, draw: 0.3 });

for (
  const [what, study, verdict, lines] of [
    ["acceptable points", studyOf(good, good), "acceptable", [
      /^s: the fits are acceptable at mu = 1, 2: \|mean pull\| at most 0\.14, width 1 ± 0\.1$/m,
      /^Enough toys\? Yes: more would change no verdict\.$/m,
    ]],
    ["a point whose fits may miss the minimum", studyOf(good, marked), "acceptable", [
      /^s: the fits are acceptable at .*; MARKED at mu = 2: the fits may miss the minimum there$/m,
      /^Enough toys\? Yes: more would change no verdict, but lower minima may\.$/m,
      /^ {2}mu = 2: MARKED: up to 17 % of the toys may miss their minimum$/m,
      /^2 .* acceptable, MARKED$/m,
    ]],
    ["a flagged point", studyOf(good, biased, null), "flagged", [
      /^s: the fits are FLAGGED at mu = 2$/m,
      /^ {2}mu = 2: the mean pull is 0\.5\d* ± 0\.03\d*, beyond 0\.14$/m,
      /^Enough toys\? Unknown until all points have a result\.$/m,
    ]],
    ["a point without a result", studyOf(good, null), "unfinished", [
      /^s: no verdict yet: no merged result at mu = 2$/m,
      /^2 .* no result$/m,
    ]],
    ["too few toys", studyOf(good, few), "undecided", [
      /^s: nothing is flagged, but there are not enough toys at mu = 2 to show /m,
      /^Enough toys\? No: about \d+ more at mu = 2\. To look again and again raises the rate of false alarms\.$/m,
    ]],
    ["a point on a bound", studyOf(pulledToys({ n: 500, draw: 0.3, poi_true: 0, bounds: [0, 5] })), "not_judged", [
      /^s: no point is judged: each lies near a bound of the POI$/m,
    ]],
  ] satisfies [string, InjectSummary, string, RegExp[]][]
) {
  Deno.test(`a study with ${what} is ${verdict}, and says so in its text and on its page`, () => {
    assert.equal(study.verdict, verdict);
    assert.deepEqual(InjectSummary.parse(study), study);
    for (const line of lines) assert.match(injectText(study), line);
    assert.match(injectText(study), /flagged with a probability of at most 1 %, over all \d points?\.$/);
    const html = pageHtml(injectPage(study), "", "made");
    assert.match(html, /data-figure="pull-mean".*data-figure="pull-width".*data-figure="coverage"/s);
  });
}

Deno.test("a study without any result has a page without figures", () => {
  const html = pageHtml(injectPage(studyOf(null, null)), "", "made");
  assert(!html.includes("data-figure"));
  assert.match(html, /No verdict yet: no merged result at mu = 1, 2/);
});
