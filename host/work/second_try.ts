import { listAttempts } from "../shard/attempts.ts";
import { newOrder, type Order, type OrderBook } from "./order_book.ts";
import type { Place } from "./place.ts";

/** A shard is late that takes so many times as long as the slowest that this loop did. */
const LATE = 2;
const LATE_ANYWAY_MS = 30_000;

/** Opens the shards again whose attempts run at places of which nothing is heard any more. */
export function openStranded(book: OrderBook, places: readonly Place[]): void {
  for (const place of places) {
    for (const { shard, attempt } of place.takeStranded()) book.abandon(shard, attempt);
  }
}

/** A second attempt at a shard for which others take far longer than this loop did; whichever ends first counts. */
export function secondTry(dir: string, book: OrderBook, place: Place): Order | undefined {
  const late_ms = LATE * (place.slowest_ms() ?? LATE_ANYWAY_MS);
  const plan = book.takenLongerThan(late_ms, performance.now());
  if (!plan) return undefined;
  const numbers = listAttempts(dir).get(plan.shard_index) ?? [];
  return book.twin(newOrder(plan, Math.max(0, ...numbers) + 1));
}
