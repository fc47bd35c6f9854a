import assert from "node:assert/strict";
import { readOutputText } from "../../../core/output.ts";
import { lowestOutput, sameToysFault } from "../../../core/starts/lowest.ts";
import { drawInit, drawRows, randomOf, withPeak } from "../../../core/starts/draw.ts";

const TEXT = await Deno.readTextFile(new URL("../../samples/shard_0.out.json", import.meta.url));
const output = (text = TEXT) => readOutputText(text).output;

Deno.test("the lowest of one start is nextstat's own output, to the byte, and who was lowest", () => {
  const text = lowestOutput([output()]);
  const own = TEXT.trimEnd().replace(/\n\}$/, "");
  assert.equal(text.slice(0, own.length), own);
  assert.deepEqual(JSON.parse(text).farm.starts.of_toys, [0, 0, 0, 0, 0]);
});

Deno.test("the fit of a lower start replaces the toy's in all arrays, and the summary is of the kept fits", () => {
  const [first, other] = [output(), output()];
  other.nll = first.nll.map((nll, toy) => toy === 1 ? nll - 2 : nll + 1);
  other.poi_hat = first.poi_hat.map((poi) => poi + 0.5);
  const text = lowestOutput([first, other]);
  const read = readOutputText(text).output;
  assert.deepEqual([...read.poi_hat], [...first.poi_hat].with(1, (first.poi_hat[1] ?? NaN) + 0.5));
  assert.equal(read.nll[1], (first.nll[1] ?? NaN) - 2);
  const mean = [...read.poi_hat].reduce((a, b) => a + b) / 5;
  assert.ok(Math.abs(JSON.parse(text).summary.mean - mean) < 1e-12);
  assert.deepEqual(read.frame.farm?.starts?.starts.map(({ n_lowest_alone, n_missed }) => [n_lowest_alone, n_missed]), [
    [4, 1],
    [1, 4],
  ]);
});

Deno.test("outputs of other toys are not combined: the difference is named", () => {
  assert.equal(sameToysFault([output(), output()]), null);
  const seeds = output(TEXT.replace('"seed": 42', '"seed": 43'));
  assert.match(sameToysFault([output(), seeds]) ?? "", /first seed of start 1/);
  const point = output(TEXT.replace("-0.03", "-0.04"));
  assert.match(sameToysFault([output(), output(), point]) ?? "", /generation point of start 2/);
});

Deno.test("what is drawn for a candidate depends on the run's seed and its number alone, and lies within the bounds", () => {
  const parameters = [
    { name: "mu", init: 1, bounds: [0, 5] as const },
    { name: "width", init: 2, bounds: [0.5, 10] as const },
    { name: "slope", init: -0.03, bounds: [-0.1, -0.001] as const },
  ];
  const draw = (seed: number, candidate: number) => drawInit(parameters, "mu", randomOf(seed, candidate));
  assert.deepEqual(draw(7, 3), draw(7, 3));
  assert.notDeepEqual(draw(7, 3), draw(8, 3));
  assert.notDeepEqual(draw(7, 3), draw(7, 4));
  for (let candidate = 0; candidate < 200; candidate++) {
    const drawn = draw(11, candidate);
    for (const { name, bounds: [lo, hi] } of parameters) {
      assert.ok((drawn[name] ?? NaN) >= lo && (drawn[name] ?? NaN) <= hi, `${name} ${drawn[name]}`);
    }
    assert.ok((drawn["mu"] ?? NaN) <= 1.5);
  }
  const rows = drawRows(10, 1000, randomOf(1, 1));
  assert.equal(new Set(rows).size, 10);
  assert.ok(rows.every((row) => row >= 0 && row < 10));
});

Deno.test("a peak is put where the fit is to begin, within the bounds, in place of at most half of the rows", () => {
  const rows = Array.from({ length: 400 }, (_, i) => ({ mass: 60 + (60 * i) / 400, other: i }));
  const peak = { column: "mass", base_yield: 25 };
  const put = (mean: number, poi: number) =>
    withPeak(rows, peak, { mean, sigma: 1, poi, bounds: [60, 120] }, randomOf(3, 1));
  const near = (found: Record<string, number>[], mean: number) =>
    found.filter(({ mass = NaN }) => Math.abs(mass - mean) < 3).length;
  assert.equal(put(90, 1).length, 400);
  // 40 rows lie within 3 of 90; 25 events of the peak, less those that replace rows there.
  assert.ok(near(put(90, 1), 90) > 55, `${near(put(90, 1), 90)}`);
  assert.ok(near(put(90, 0.02), 90) > near(rows, 90), "a small signal has a peak that stands out");
  const most = put(60, 100);
  assert.equal(most.filter(({ other }, i) => other === i && most[i]?.["mass"] === rows[i]?.mass).length, 200);
  assert.ok(most.every(({ mass = NaN }) => mass >= 60 && mass <= 120));
  assert.deepEqual(put(90, 1), put(90, 1));
});
