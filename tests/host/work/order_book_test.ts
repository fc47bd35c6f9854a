import assert from "node:assert/strict";
import type { Plan } from "../../../core/contracts/manifest.ts";
import { newOrder, OrderBook } from "../../../host/work/order_book.ts";
import type { Place } from "../../../host/work/place.ts";
import { place, plan } from "../support/places.ts";

const bookOf = (...plans: Plan[]) => {
  const book = new OrderBook();
  for (const one of plans) book.add(newOrder(one, 1));
  return book;
};
const AGAIN = { again: true, counts: true };

Deno.test("shards are given out in their order, each once", () => {
  const [a, book] = [place("a"), bookOf(plan(0), plan(1))];
  assert.deepEqual([0, 1, 2].map(() => book.next(a, [a])?.plan.shard_index), [0, 1, undefined]);
  assert(!book.isSettled);
  assert.deepEqual([book.done(0), book.done(0), book.done(1)], [true, false, true]);
  assert(book.isSettled);
});

Deno.test("a shard that failed at a place waits for another one that is ready, and is tried there again where there is none", () => {
  const [a, b, away] = [place("a"), place("b"), place("b", { ready: false })];
  const book = bookOf(plan(0));
  const order = book.next(a, [a, b]);
  assert(order);
  book.release(order);
  book.failedAt(order, "a", AGAIN);
  assert.equal(book.next(a, [a, b]), undefined);
  assert.equal(book.next(a, [a, away])?.attempt, 2);
});

Deno.test("a share that was made for a place waits for it, until it is not to be expected", () => {
  const [a, b] = [place("a", { owns: true }), place("b", { owns: true, ready: false })];
  const gone = place("b", { owns: true, ready: false, expected: false });
  const book = bookOf(plan(0, "b"));
  assert.equal(book.next(a, [a, b]), undefined);
  assert.equal(book.next(a, [a, gone])?.plan.shard_index, 0);
});

Deno.test("of two attempts at a shard the failure of one is nothing, and the second success is told apart", () => {
  const [a, book] = [place("a"), bookOf(plan(0))];
  const first = book.next(a, [a]);
  assert(first && book.runsOnce(0));
  const second = book.twin(newOrder(plan(0), 2));
  assert(!book.runsOnce(0));
  book.release(first);
  book.failedAt(first, "a", AGAIN);
  assert.equal(book.next(a, [a]), undefined);
  book.release(second);
  assert(book.done(0));
  assert(!book.done(0));
});

Deno.test("a shard that is done is not opened again by what was seen before, so that nobody waits for it in vain", () => {
  const [a, book] = [place("a"), bookOf(plan(0))];
  assert(book.done(0));
  book.taken(plan(0));
  book.add(newOrder(plan(0), 2));
  assert(book.isSettled && !book.hasTaken);
  assert.equal(book.next(a, [a]), undefined);
});

Deno.test("a shard is late when others have had it for so long, and only once", () => {
  const book = bookOf();
  book.taken(plan(3));
  assert.equal(book.takenLongerThan(100, 1000), undefined);
  assert.equal(book.takenLongerThan(100, 1099), undefined);
  assert.equal(book.takenLongerThan(100, 1100)?.shard_index, 3);
  assert.equal(book.takenLongerThan(100, 5000), undefined);
});

Deno.test("whoever waits is told of each change", async () => {
  const book = bookOf(plan(0));
  const told = book.change();
  book.done(0);
  await told;
});

/** The shard's failure at a place, as the loop reports it. */
function fail(book: OrderBook, place: Place, places: readonly Place[], change = AGAIN): number | undefined {
  const order = book.next(place, places);
  if (!order) return undefined;
  book.release(order);
  book.failedAt(order, place.name, change);
  return order.attempt;
}

Deno.test("a shard that failed at every place that is ready is tried again, and nobody waits for a place that failed it too", () => {
  const [a, b] = [place("a"), place("b")];
  const book = bookOf(plan(0));
  assert.deepEqual([fail(book, a, [a, b]), fail(book, b, [a, b])], [1, 2]);
  assert.equal(book.next(a, [a, b])?.attempt, 3);
});

Deno.test("a share that failed at the place it was made for is tried there again, although others are ready", () => {
  const [a, b] = [place("a", { owns: true }), place("b", { owns: true })];
  const book = bookOf(plan(0, "a"));
  assert.equal(fail(book, a, [a, b]), 1);
  assert.equal(book.next(b, [a, b]), undefined);
  assert.equal(book.next(a, [a, b])?.attempt, 2);
});

Deno.test("a shard whose place fell silent is open again, the late failure of its first attempt is nothing, and its late success counts", () => {
  const [a, b] = [place("a"), place("b")];
  const book = bookOf(plan(0));
  const first = book.next(a, [a, b]);
  assert(first);
  book.abandon(0, first.attempt);
  const second = book.next(b, [a, b]);
  assert.equal(second?.attempt, 2);
  book.release(first);
  book.failedAt(first, "a", { again: false, counts: true });
  assert(!book.isSettled);
  assert(book.done(0));
  assert(book.isSettled);
});

Deno.test("a shard that fails again after its place fell silent is given up like any other", () => {
  const [a, b] = [place("a"), place("b")];
  const book = bookOf(plan(0));
  const first = book.next(a, [a, b]);
  assert(first);
  book.abandon(0, first.attempt);
  assert.equal(fail(book, b, [a, b], { again: false, counts: true }), 2);
  assert.deepEqual(book.report().failed, [0]);
});
