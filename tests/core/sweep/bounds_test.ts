import fc from "fast-check";
import assert from "node:assert/strict";
import { makespanBounds } from "../../../core/sweep/interpret.ts";

/** What is published: shards, and the longest shard in seconds, of 10,000 toys on 74 slots. */
const PUBLISHED = [[40, 425], [74, 359], [80, 339], [120, 250], [160, 197], [200, 160], [240, 142]] as const;
const [SLOTS, TOYS] = [74, 10_000];

const page = () => Deno.readTextFileSync(new URL("../../../docs/longest-shard.md", import.meta.url));

Deno.test("the page on the published numbers has the bounds that follow from them", () => {
  for (const [shards, longest_s] of PUBLISHED) {
    const { least_s, most_s } = makespanBounds(shards, SLOTS, longest_s);
    const rates = [TOYS / most_s, TOYS / least_s].map((rate) => rate.toFixed(1));
    const toy_s = (longest_s / Math.ceil(TOYS / shards)).toFixed(2);
    const cells = [
      shards,
      longest_s,
      rates[1],
      Math.ceil(shards / SLOTS),
      `${least_s} to ${most_s}`,
      rates.join(" to "),
      toy_s,
    ];
    const row = `| ${cells.join(" | ")} |`;
    assert(page().replaceAll(/ +/g, " ").includes(row), `docs/longest-shard.md has no row ${row}`);
  }
});

Deno.test("no published count above the number of slots is shown to be faster than 74 shards", () => {
  const of = (shards: number) => {
    const found = PUBLISHED.find(([one]) => one === shards);
    return makespanBounds(shards, SLOTS, found?.[1] ?? NaN);
  };
  const few = of(74);
  assert.deepEqual(few, { least_s: 359, most_s: 359 });
  for (const shards of [80, 120, 160, 200, 240]) {
    const { least_s, most_s } = of(shards);
    assert(least_s < few.least_s && most_s > few.most_s, `${shards} shards may be faster and may be slower`);
  }
});

Deno.test("the makespan of a list schedule is always within the bounds", () => {
  const walls = fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 40 });
  fc.assert(fc.property(walls, fc.integer({ min: 1, max: 12 }), (all, slots) => {
    const free = Array.from({ length: slots }, () => 0);
    for (const wall of all) {
      const first = free.indexOf(Math.min(...free));
      free[first] = (free[first] ?? 0) + wall;
    }
    const { least_s, most_s } = makespanBounds(all.length, slots, Math.max(...all));
    const makespan = Math.max(...free);
    assert(least_s <= makespan && makespan <= most_s, `${least_s} <= ${makespan} <= ${most_s}`);
  }));
});
