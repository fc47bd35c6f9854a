// @ts-types="@types/d3-scale"
import { scaleLog } from "d3-scale";
import fc from "fast-check";
import assert from "node:assert/strict";
import { countDomain, countTicks, linearTicks, logTicks, type Tick, wholeTicks } from "../../../core/report/ticks.ts";

/** At least three, at most so many that they can be read, in order, inside, each with a label of its own. */
function assertReadable(ticks: readonly Tick[], [low, high]: readonly [number, number]): void {
  assert(ticks.length >= 3 && ticks.length <= 24, `${ticks.length} ticks between ${low} and ${high}`);
  const values = ticks.map(([value]) => value);
  assert.deepEqual(values, values.toSorted((a, b) => a - b));
  assert(values.every((value) => value >= low && value <= high), `${values} is not between ${low} and ${high}`);
  assert.equal(new Set(ticks.map(([, text]) => text)).size, ticks.length, `${ticks}`);
}

const texts = (ticks: readonly Tick[]) => ticks.map(([, text]) => text).join(" ");

Deno.test("a logarithmic axis over less than a power of ten has more labels than that power", () => {
  assert.equal(texts(logTicks([9.2, 14.1])), "10 11 12 13 14");
  assert.equal(texts(logTicks([0.8, 15])), "1 2 5 10");
  assert.equal(texts(logTicks([1, 1000])), "1 10 100 1000");
  assert.equal(texts(logTicks([0.002, 0.03])), "0.002 0.005 0.01 0.02");
});

Deno.test("every logarithmic axis has at least three labels, whatever its range", () => {
  const low = fc.integer({ min: -9, max: 9 }).chain((power) =>
    fc.double({ min: 1, max: 10, noNaN: true }).map((mantissa) => mantissa * 10 ** power)
  );
  const ratio = fc.oneof(
    fc.double({ min: 1.01, max: 20, noNaN: true }),
    fc.double({ min: 1.01, max: 1e15, noNaN: true }),
  );
  fc.assert(fc.property(low, ratio, (low, ratio) => assertReadable(logTicks([low, low * ratio]), [low, low * ratio])));
});

Deno.test("every linear axis has at least three labels, whatever its range", () => {
  const low = fc.double({ min: -1e6, max: 1e6, noNaN: true });
  const width = fc.double({ min: 0.001, max: 1e9, noNaN: true });
  fc.assert(
    fc.property(low, width, (low, width) => assertReadable(linearTicks([low, low + width]), [low, low + width])),
  );
});

Deno.test("an axis that counts has at least three whole numbers", () => {
  assert.equal(texts(wholeTicks(2)), "0 1 2");
  fc.assert(fc.property(fc.integer({ min: 2, max: 1e9 }), (high) => {
    const ticks = wholeTicks(high);
    assertReadable(ticks, [0, high]);
    assert(ticks.every(([value, text]) => Number.isInteger(value) && !text.includes(".")));
  }));
});

function countAxis(counts: number[], width: number): [Tick[], [number, number]] {
  const domain = countDomain(counts);
  const scale = scaleLog(domain, [0, width]);
  return [countTicks(counts, domain, scale), domain];
}

Deno.test("an axis of shard counts has the counts that were run, and others where these are few", () => {
  assert.equal(texts(countAxis([4, 8, 40], 1000)[0]), "4 8 40");
  assert.equal(texts(countAxis([1], 1000)[0]), "1 2 3");
  assert.equal(texts(countAxis([2, 4], 1000)[0]), "2 3 4");
  const counts = fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 12 });
  fc.assert(fc.property(counts, fc.constantFrom(466, 996), (counts, width) => {
    const [ticks, domain] = countAxis([...new Set(counts)], width);
    assertReadable(ticks, domain);
    assert(ticks.every(([value]) => Number.isInteger(value)));
  }));
});
