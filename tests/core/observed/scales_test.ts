import assert from "node:assert/strict";
import { comparedScales, triedScales, triedToys, withoutTies } from "../../../core/observed/scales.ts";
import { scaleMarks } from "../../../core/observed/words.ts";
import type { ScaleCheck } from "../../../core/schema/observed.ts";
import { smallWorkspace } from "./small_workspace.ts";

const row = (scale: number, k: number, n = 100): ScaleCheck["rows"][number] => ({
  ...{ scale, cls: (k + 1) / 84 },
  ...{ sb: { k, n }, b: { k: 83, n } },
});

Deno.test("the scale of the run is among those that are tried, each once", () => {
  assert.deepEqual(triedScales(), [1, 3, 10]);
  assert.deepEqual(triedScales(3), [1, 3, 10]);
  assert.deepEqual(triedScales(2.5), [1, 2.5, 3, 10]);
});

Deno.test("a slow toy is tried less often, and not where fewer than 20 are left of 10 s", () => {
  assert.equal(triedToys(0, 3), 100);
  assert.equal(triedToys(0.1, 3), 33);
  assert.equal(triedToys(0.2, 3), null);
});

Deno.test("a result depends on the start where counts differ, and then the table is printed", () => {
  const same = comparedScales(100, [row(1, 5), row(3, 5), row(10, 5)]);
  assert.equal(same.depends, false);
  assert.deepEqual(scaleMarks(same), []);
  assert.deepEqual(scaleMarks(undefined), []);
  assert.equal(comparedScales(100, [row(1, 5), row(3, 5, 99)]).depends, true);
  const other = comparedScales(100, [row(1, 5), row(3, 7), row(10, 7)]);
  assert.equal(other.depends, true);
  const [words = ""] = scaleMarks(other, 3);
  assert.match(words, /CLs 0\.0714 \(CLs\+b 5 of 100, CLb 83 of 100\) by 1, CLs 0\.0952 .* by 3,/);
  assert.match(words, /the run has 3, --signal-scale picks another/);
});

Deno.test("observed counts are moved by less than an event, so that no toy has them", () => {
  const moved = withoutTies(smallWorkspace());
  assert.deepEqual(moved.observations, [{ name: "c", data: [55.1] }]);
  assert.deepEqual(moved.channels, smallWorkspace().channels);
});
