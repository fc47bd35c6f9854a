import fc from "fast-check";
import assert from "node:assert/strict";
import { histogram, pullHistogram, shardTimes } from "../../../../core/report/figures/distributions.ts";
import { convergence, hostRates, throughput } from "../../../../core/report/figures/rates.ts";
import { gantt } from "../../../../core/report/figures/timeline.ts";
import type { Figure } from "../../../../core/report/plot.ts";
import { inWaves, sampleFacts } from "../../support/sample_facts.ts";

/** What a reader sees of a figure's marks when the pointer is on them. */
const titles = (svg: Figure["svg"] | undefined) =>
  [...(svg?.text ?? "").matchAll(/<title>([^<]*)<\/title>/g)].map(([, words = ""]) => words);

Deno.test("the unit Gaussian over wide pulls is drawn whole: only its peak is at its height", () => {
  const pulls = Float64Array.from({ length: 1000 }, (_, i) => 3 * (i / 999 - 0.5) * 2);
  const toys = { poi_name: "mu", poi_true: 1, poi_hat: pulls, pulls };
  const curve = /class="line" stroke="var\(--ink\)" d="([^"]*)"/.exec(pullHistogram(toys, null)?.svg.text ?? "")?.[1] ??
    "";
  const heights = [...curve.matchAll(/,([\d.]+)/g)].map(([, y]) => Number(y));
  assert.equal(heights.length, 121);
  const peak = Math.min(...heights);
  assert(heights.filter((y) => y < peak + 0.5).length <= 3, "a curve that is cut off is flat");
});

Deno.test("each value is in one bar of a histogram, also the largest, and equal values are in one bar", () => {
  fc.assert(fc.property(
    fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 1, maxLength: 200 }),
    (values) => {
      const { svg } = histogram({
        name: "h",
        title: "",
        what: "",
        caption: "",
        x_label: "",
        y_label: "",
        colour: "c1",
        values: Float64Array.from(values),
      });
      const counts = titles(svg).flatMap((title) => Number(/: (\d+)$/.exec(title)?.[1] ?? NaN));
      assert.equal(counts.filter(Number.isFinite).reduce((sum, n) => sum + n, 0), values.length);
    },
  ));
});

Deno.test("convergence shows 100 % only for all toys, and counts toys of shards without a result", () => {
  const run = sampleFacts({ shards: [{ n_toys: 99_999, start_s: 0, end_s: 1 }, { n_toys: 1, why: "gone" }] });
  const text = convergence(run)?.svg.text ?? "";
  assert.match(text, /99999 \(99\.99 %\)/);
  assert.match(text, /no result[^]*1 \(0\.01 %\)/);
  assert.match(convergence(sampleFacts({ shards: inWaves(2, 2, 1, 5) }))?.svg.text ?? "", /10 \(100 %\)/);
  assert.equal(convergence(sampleFacts({ shards: [{ n_toys: 1, why: "gone" }] })), null);
});

Deno.test("the chart of slots names each shard with its host and each failed attempt with its cause", () => {
  const run = sampleFacts({ shards: inWaves(4, 2, 10, 50, ["n1", "n2"]) });
  const span = { host: "n2", slot: null, started_ms: 1_000, finished_ms: 4_000 };
  const failed = { ...run, failed_attempts: [{ shard_index: 3, cause: "memory" as const, message: "", span }] };
  const shown = titles(gantt(failed)?.svg);
  assert.deepEqual([0, 1, 2, 3].map((i) => shown.filter((title) => title.startsWith(`shard ${i}: 50 toys`)).length), [
    1,
    1,
    1,
    1,
  ]);
  assert.equal(shown.filter((title) => /^shard 3: memory after 3.* on n2$/.test(title)).length, 1);
  assert.equal(gantt(sampleFacts({ shards: inWaves(4, 2, 10, 50), is_old: true })), null);
});

Deno.test("no rate over time is drawn if the times of one shard are unknown", () => {
  const run = sampleFacts({ shards: inWaves(4, 2, 10, 50) });
  assert.notEqual(throughput(run), null);
  const shards = run.shards.map((shard, i) => i === 2 ? { ...shard, span: null } : shard);
  assert.equal(throughput({ ...run, shards }), null);
});

Deno.test("the wall times of shards have their median and the longest, which is not called the makespan", () => {
  const run = sampleFacts({ shards: [...inWaves(3, 3, 10, 5), { n_toys: 5, start_s: 0, end_s: 30 }] });
  assert.match(shardTimes(run)?.caption ?? "", /^Median 10.*longest 30.*\(3\.00 times the median\).*not the makespan/);
  assert.equal(shardTimes(sampleFacts({ shards: [] })), null);
});

Deno.test("the fastest and slowest of many hosts are shown, with the number of omitted hosts", () => {
  const hosts = Array.from({ length: 40 }, (_, i) => ({
    ...{ host: `n${i}`, cpu_model: null, n_shards: 1, n_toys: 10, share: 1 / 40, wall_s: 1, toys_per_slot_s: i + 1 },
    ...{ cpus: null, load_start: null },
  }));
  const figure = hostRates(hosts);
  const shown = titles(figure?.svg).filter((title) => /^n\d+$/.test(title));
  assert.deepEqual([shown[0], shown.at(-1), shown.length], ["n39", "n0", 24]);
  assert.match(figure?.caption ?? "", / 16 hosts in the middle are not shown\.$/);
  assert.equal(hostRates(hosts.map((host) => ({ ...host, toys_per_slot_s: null }))), null);
});
