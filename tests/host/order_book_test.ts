import assert from "node:assert/strict";
import type { Plan } from "../../core/contracts/manifest.ts";
import { newOrder, OrderBook } from "../../host/work/order_book.ts";
import { place, plan } from "./support/places.ts";

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
