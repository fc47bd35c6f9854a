import assert from "node:assert/strict";
import { isOlderFrame } from "../../../core/merge/equal.ts";

function frame(farm: Record<string, unknown>, mean: number): string {
  const pulls_by_param = { n_ok: [4], mean: [mean], std: [1], frac_abs_lt_1: [0.5], frac_abs_lt_2: [1] };
  return JSON.stringify({ gen: 1, summary: { mean: 1, pulls_by_param }, merge: { n_shards: 1, farm } });
}

const now = frame({ partial: false, pulls: true, pull_sums: [], points: null }, 0.1);

Deno.test("a merge of an older version is accepted without the newer members, and with rounding differences in the pulls", () => {
  assert.ok(isOlderFrame(frame({ partial: false }, 0.1), now));
  assert.ok(isOlderFrame(frame({ partial: false }, 0.1 + 1e-15), now));
});

Deno.test("a document with any other difference is no merge of an older version", () => {
  assert.ok(!isOlderFrame(frame({ partial: true }, 0.1), now));
  assert.ok(!isOlderFrame(frame({}, 0.1), now));
  assert.ok(!isOlderFrame(frame({ partial: false }, 0.2), now));
  assert.ok(!isOlderFrame(frame({ partial: false, pulls: false }, 0.1), now));
  assert.ok(!isOlderFrame(frame({ partial: false }, 0.1).replace('"gen":1', '"gen":2'), now));
});
