import { listAttempts } from "../shard/attempts.ts";
import { newOrder, type Order, type OrderBook } from "./order_book.ts";
import type { Place } from "./place.ts";

/** A shard is late that takes so many times as long as the slowest that this loop did. */
const LATE = 2;
const LATE_ANYWAY_MS = 30_000;

/**
 * Where nothing else is open: a second attempt at a shard of which its place lets nothing be heard, and, if `speculate`,
 * at one for which others take far longer than this loop did. Whichever ends first counts.
 */
export function secondTry(
  dir: string,
  book: OrderBook,
  place: Place,
  places: readonly Place[],
  speculate: boolean,
): Order | undefined {
  const lost = places.filter((one) => one !== place).flatMap((one) => one.stranded());
  const late_ms = LATE * (place.slowest_ms() ?? LATE_ANYWAY_MS);
  const plan = lost.find(({ shard_index }) => book.runsOnce(shard_index)) ??
    (speculate ? book.takenLongerThan(late_ms, performance.now()) : undefined);
  if (!plan) return undefined;
  const numbers = listAttempts(dir).get(plan.shard_index) ?? [];
  return book.twin(newOrder(plan, Math.max(0, ...numbers) + 1));
}
