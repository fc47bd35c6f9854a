import assert from "node:assert/strict";
import type { Plan } from "../../../core/contracts/manifest.ts";
import { newOrder } from "../../../host/work/order_book.ts";
import { Paces } from "../../../host/work/paces.ts";
import { place, plan } from "../support/places.ts";

const RUNS = new Promise<void>(() => {});
const queue = (...plans: Plan[]) => plans.map((one) => newOrder(one, 1));
const inMs = (ms: number) => performance.now() + ms;

/** A place of a second a toy and one of ten, which runs nothing. */
function twoPlaces(fast = place("fast")) {
  const [paces, slow] = [new Paces(), place("slow")];
  paces.done(fast, plan(0), 1);
  paces.done(slow, plan(1), 10);
  const leaves = (now_ms: number, orders = queue(plan(2))) =>
    paces.leaves(slow, "slow:0", orders, [fast, slow], now_ms);
  return { paces, fast, slow, leaves };
}

Deno.test("the last shard is left to a faster place that runs its last but one", () => {
  const { paces, fast, leaves } = twoPlaces();
  paces.runs(fast, "fast:0", plan(3), RUNS);
  assert.equal(leaves(inMs(500)), true);
});

Deno.test("what was left to a place is taken when that is late, or not ready any more", () => {
  const late = twoPlaces();
  late.paces.runs(late.fast, "fast:0", plan(3), RUNS);
  assert.equal(late.leaves(inMs(5_000)), true);
  assert.equal(late.leaves(inMs(30_000)), false);
  const away = twoPlaces(place("fast", { ready: false }));
  away.paces.runs(away.fast, "fast:0", plan(3), RUNS);
  assert.equal(away.leaves(inMs(500)), false);
});

Deno.test("nothing is left to places that have done nothing yet", () => {
  const [paces, fast, slow] = [new Paces(), place("fast"), place("slow")];
  paces.done(slow, plan(1), 10);
  paces.runs(fast, "fast:0", plan(3), RUNS);
  assert.equal(paces.leaves(slow, "slow:0", queue(plan(2)), [fast, slow], inMs(0)), false);
});

Deno.test("a shard that failed somewhere, or was made for a place, is left to nobody", () => {
  const { paces, fast, leaves } = twoPlaces();
  paces.runs(fast, "fast:0", plan(3), RUNS);
  const failed = { ...newOrder(plan(2), 2), failed_at: new Set(["fast"]) };
  assert.equal(leaves(inMs(500), [failed]), false);
  const owner = place("fast", { owns: true });
  assert.equal(paces.leaves(owner, "x", queue(plan(2, "fast")), [owner, fast], inMs(500)), false);
});
