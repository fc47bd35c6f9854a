import fc from "fast-check";
import assert from "node:assert/strict";
import { NO_REMEDIES } from "../../../core/advice.ts";
import { withError } from "../../../core/format.ts";
import { hostLanes } from "../../../core/report/figures/timeline.ts";
import { pageHtml, standaloneSvg } from "../../../core/report/page.ts";
import { breakable, escapeMarkup, markup } from "../../../core/report/plot.ts";
import { failureGroups, runFigures, runPage } from "../../../core/report/run_report.ts";
import { sweepFigures, sweepPage } from "../../../core/report/sweep_report.ts";
import { assertGolden } from "../../support/golden.ts";
import type { RunFacts } from "../../../core/run_facts.ts";
import { inWaves, sampleFacts } from "../support/sample_facts.ts";
import { EVIL, RAISED, smallRun, smallSweep } from "../support/sample_pages.ts";

for (const [kind, figures] of [["run", runFigures(smallRun())], ["sweep", sweepFigures(smallSweep())]] as const) {
  for (const figure of figures) {
    Deno.test(`golden: the figure ${figure.name} of a small ${kind}`, () => {
      assertGolden(`${kind}_${figure.name}.svg`, standaloneSvg(figure));
    });
  }
}

const withoutScript = (page: string) => page.replace(/<script>.*<\/script>/s, "");

const pages = (host?: string) => [
  pageHtml(runPage(smallRun(host, host), RAISED), "SUM", "made today"),
  pageHtml(sweepPage(smallSweep(host)), "SUM", "made today"),
];

Deno.test("a page is self-contained: no address, no other file, one script by its sum", () => {
  for (const page of pages()) {
    const without_names = page.replaceAll('xmlns="http://www.w3.org/2000/svg"', "");
    assert.doesNotMatch(without_names, /https?:|\/\/[a-z]|url\(|@import|<link|<iframe|\bsrc=/i);
    assert.equal(page.match(/<script/g)?.length, 1);
    const policy = page.replaceAll("&#39;", "'");
    assert.match(policy, /content="default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-SUM';/);
  }
});

Deno.test("foreign text is escaped wherever it is shown", () => {
  for (const page of pages(EVIL)) {
    assert.doesNotMatch(page, /<img|onerror="/);
    assert(!page.includes("\u0000"));
    assert.match(page, /&lt;img src=x onerror=&quot;document.title=&#39;bad&#39;&quot;&gt;&amp;&#39;\ufffd/);
  }
  for (const figure of [...runFigures(smallRun(EVIL)), ...sweepFigures(smallSweep(EVIL))]) {
    assert.doesNotMatch(standaloneSvg(figure), /<img|onerror="/);
  }
});

Deno.test("no text escapes its place in markup, neither between tags nor in an attribute", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    const { text: made } = markup`<a title="${text}">${text}</a>`;
    assert.match(made, /^<a title="[^<>"]*">[^<>]*<\/a>$/);
    assert.equal(escapeMarkup(text).replaceAll(/&(amp|lt|gt|quot|#39);/g, "").match(/[<>"'&]/), null);
    assert(made.isWellFormed());
  }));
});

Deno.test("attempts on a lane do not overlap, and there are no more lanes than concurrent attempts", () => {
  const spans = fc.array(
    fc.record({ start: fc.nat(100), wall: fc.integer({ min: 1, max: 30 }), host: fc.constantFrom("a", "b") }),
    {
      minLength: 1,
      maxLength: 40,
    },
  );
  fc.assert(fc.property(spans, (all) => {
    const drawn = all.map(({ start, wall, host }) => ({
      span: { host, slot: null, started_ms: start, finished_ms: start + wall },
    }));
    for (const { host, lanes, placed } of hostLanes(drawn)) {
      const own = drawn.filter(({ span }) => span.host === host).map(({ span }) => span);
      const at = (ms: number) => own.filter((one) => one.started_ms <= ms && ms < one.finished_ms).length;
      assert.equal(lanes, Math.max(...own.map((one) => at(one.started_ms))));
      assert.equal(placed.length, own.length);
      for (const lane of Map.groupBy(placed, (one) => one.lane).values()) {
        const sorted = lane.map(({ what }) => what.span).sort((a, b) => a.started_ms - b.started_ms);
        sorted.reduce((before, one) => {
          assert(before.finished_ms <= one.started_ms);
          return one;
        });
      }
    }
  }));
});

Deno.test("shards without a result are grouped by cause, each group with the command that helps", () => {
  const run = sampleFacts({
    run_id: "a b",
    shards: [1, 2, 3, 4, 5].map((n_toys) => ({ n_toys, why: `why ${n_toys}` })),
  });
  const causes = ["memory", "time", "memory", "exit"] as const;
  causes.forEach((cause, i) => Object.assign(run.shards[i] ?? {}, { cause }));
  Object.assign(run.shards[4] ?? {}, { state: "lost" });
  assert.deepEqual(failureGroups(run, RAISED).map(({ words, shards, command }) => [words, shards, command]), [
    ["out of memory", "0, 2", "nsfarm-deno retry '/runs/a b' --more-memory --wait"],
    ["time limit reached", "1", "nsfarm-deno retry '/runs/a b' --more-time --wait"],
    ["nextstat ended with an error", "3", "nsfarm-deno retry '/runs/a b' --wait"],
    ["lost without a result", "4", "nsfarm-deno retry '/runs/a b' --wait"],
  ]);
});

Deno.test("a limit that the scheduler cannot raise is not named in a command", () => {
  const run = sampleFacts({ run_id: "r", shards: [{ n_toys: 1, why: "w" }, { n_toys: 2, why: "w" }] });
  (["memory", "time"] as const).forEach((cause, i) => Object.assign(run.shards[i] ?? {}, { cause }));
  const commands = failureGroups(run, NO_REMEDIES).map(({ command }) => command);
  assert.deepEqual(commands, ["nsfarm-deno retry /runs/r --wait", "nsfarm-deno retry /runs/r --split --wait"]);
});

Deno.test("a run with few known facts has a page that says so", () => {
  const old = pageHtml(runPage(sampleFacts({ shards: inWaves(4, 2, 5, 10), is_old: true }), RAISED), "SUM", "");
  assert.match(old, /No record says when they ran, so the makespan is unknown/);
  assert.doesNotMatch(old, /data-figure="gantt"/);
  const none = pageHtml(runPage(sampleFacts({ shards: [{ n_toys: 5 }, { n_toys: 5 }] }), RAISED), "SUM", "");
  assert.match(none, /0 of 2 shards have a valid result/);
});

Deno.test("the page of an old scripts' sweep has only longest shards, and says that they are no makespan", () => {
  const page = pageHtml(sweepPage(smallSweep("n2", true)), "SUM", "");
  assert.match(page, /<p class="lead">No makespan is known/);
  assert.match(page, /data-figure="makespan"/);
  assert.match(page, /max_shard_elapsed_s \(the longest shard\)/);
  assert.doesNotMatch(withoutScript(page), />makespan_s<\/text>|NaN|Infinity/);
});

const labels = (svg: string) => [...svg.matchAll(/<text class="small"[^>]*>([^<]*)<\/text>/g)].map(([, text]) => text);

Deno.test("a sweep with repeats has the figures of one without, and the points that a plan predicts by name", () => {
  const [once, often] = [1, 3].map((repeats) => sweepFigures(smallSweep("n2", false, repeats)));
  assert.deepEqual(once?.map(({ name }) => name), ["makespan", "rate", "hosts"]);
  assert.deepEqual(often?.map(({ name }) => name), once?.map(({ name }) => name));
  for (const [makespan] of [once ?? [], often ?? []]) {
    const svg = makespan?.svg.text ?? "";
    assert(labels(svg).includes("predicted from one run"), svg);
    // Counts 4 and 8: the plan is made of a run with 40 shards. They are the last marks: nothing lies on top of them.
    assert.match(svg, /<path class="mark line"[^>]*><title>4 shards: .*<path class="mark line"[^>]*><title>8 shards: /);
    assert.doesNotMatch(svg.slice(svg.lastIndexOf("<title>8 shards: ")), /<circle[^>]*r="4.5"[^>]*><title>\d/);
    assert.deepEqual(makespan?.numbers?.head, [
      ...["shards", "predicted from one run (seconds)", "makespan_s (seconds)"],
      ...["max_shard_elapsed_s (the longest shard) (seconds)", "ideal: work / slots (seconds)"],
    ]);
  }
  assert.match(often?.[0]?.caption ?? "", /^Median of the repeats/);
  assert.doesNotMatch(once?.[0]?.caption ?? "", /repeats/);
  const none = sweepFigures(smallSweep("n2", true));
  assert(!labels(none[0]?.svg.text ?? "").includes("predicted from one run"));
});

Deno.test("each figure has a title, a description, and labels of at least three ticks on a logarithmic axis", () => {
  for (const { name, title, svg: { text } } of [...runFigures(smallRun()), ...sweepFigures(smallSweep())]) {
    assert.match(
      text,
      new RegExp(`^<svg [^>]*role="img" aria-labelledby="${name}-title" aria-describedby="${name}-desc">`),
    );
    assert(text.includes(`<title id="${name}-title">${title}</title><desc id="${name}-desc">`));
  }
  for (const figure of sweepFigures(smallSweep()).slice(0, 2)) {
    const ticks = (anchor: string) =>
      figure.svg.text.match(new RegExp(`"muted small"[^>]*anchor="${anchor}"`, "g"))?.length;
    assert((ticks("end") ?? 0) >= 3 && (ticks("middle") ?? 0) >= 3, figure.name);
  }
});

Deno.test("figures fill their rows: without pulls the fitted POI has the whole width", () => {
  const run = smallRun();
  const wide = (toys: RunFacts["toys"]) => runFigures({ ...run, toys }).find(({ name }) => name === "poi")?.is_wide;
  assert.equal(wide(run.toys), false);
  assert.equal(wide(run.toys && { ...run.toys, pulls: new Float64Array(400).fill(NaN) }), true);
});

Deno.test("a run and a sweep have their CPU efficiency where it is known, and nothing is called not known", () => {
  const [run, sweep] = pages();
  assert.match(run ?? "", /CPU time; efficiency 100 % = CPU time \/ \(wall time × CPUs\)/);
  assert.match(sweep ?? "", /CPU efficiency 100 %/);
  const unknown = smallRun();
  const none = pageHtml(runPage({ ...unknown, threads: "0" }, RAISED), "SUM", "");
  assert.doesNotMatch(none, /efficiency/);
  for (const page of pages()) assert.doesNotMatch(page, /not known|rustc/);
});

Deno.test("a table has no column without a value", () => {
  const heads = (page: string) => [...page.matchAll(/<button type="button">(.*?)<\/button>/g)].map(([, head]) => head);
  const old = heads(pageHtml(sweepPage(smallSweep("n2", true)), "SUM", ""));
  assert(old.includes("shards") && !old.includes("makespan_s") && !old.includes("predicted"), old.join());
  assert(heads(pages()[1] ?? "").includes("makespan_s"));
});

Deno.test("names break after an underscore, a slash or a dot, and not before a unit", () => {
  assert.equal(breakable("max_shard_elapsed_s").text, "max_<wbr>shard_<wbr>elapsed_s");
  assert.equal(breakable("/data/run_2/a.json 0.10.1 toys/s").text, "/<wbr>data/<wbr>run_2/a.<wbr>json 0.10.1 toys/s");
  fc.assert(fc.property(fc.string(), (text) => {
    assert.equal(breakable(text).text.replaceAll("<wbr>", ""), escapeMarkup(text));
  }));
});

Deno.test("no page and no figure contains NaN or Infinity", () => {
  for (const page of pages()) assert.doesNotMatch(withoutScript(page), /NaN|Infinity|undefined/);
});

Deno.test("above 2,000 shards the chart has one path per host, and the table only the slowest shards", () => {
  const run = sampleFacts({ shards: inWaves(2500, 10, 1, 1) });
  const page = pageHtml(runPage(run, RAISED), "SUM", "");
  assert(page.length < 1_000_000, `${page.length} characters`);
  assert.match(page, /1000 of 2500 shards: the unfinished ones first/);
});

Deno.test("a value is rounded to the second digit of its error", () => {
  assert.equal(withError(1.00172, 0.0010885), "1.0017 ± 0.0011");
  assert.equal(withError(123.4, 12), "123 ± 12");
  assert.equal(withError(0.5, 0), "0.5");
  assert.equal(withError(0.5, 0.0996), "0.50 ± 0.10");
  assert.equal(withError(1, 0.001), "1.0000 ± 0.0010");
  assert.equal(withError(12_345, 1234), "12300 ± 1200");
  fc.assert(fc.property(fc.double({ min: 1e-9, max: 1e9, noNaN: true }), (error) => {
    const [, text = ""] = withError(1, error).split(" ± ");
    assert.equal(Number(text), Number(error.toPrecision(2)), `${error}`);
    assert.match(text, error < 10 ? /^0?\.?0*[1-9]\.?\d$/ : /^[1-9]\d0*$/);
  }));
});

Deno.test("a run of which pulls were asked for, and no toy has a usable one, says so in place of their histogram", () => {
  const run = smallRun();
  const page = (change: Partial<RunFacts>) => pageHtml(runPage({ ...run, ...change }, RAISED), "SUM", "made today");
  const toys = run.toys && { ...run.toys, pulls: new Float64Array(run.toys.pulls.length).fill(NaN) };
  assert.match(page({ toys }), /<h2>Pulls<\/h2><p class="bad">NONE: no toy has a usable sigma/);
  assert.doesNotMatch(page({ toys, has_pulls: false }), /<h2>Pulls<\/h2>/);
  assert.doesNotMatch(page({}), /NONE: no toy/);
});
