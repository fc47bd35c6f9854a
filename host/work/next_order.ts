import type { Order, OrderBook } from "./order_book.ts";
import type { Paces } from "./paces.ts";
import type { Place } from "./place.ts";
import { openStranded, secondTry } from "./second_try.ts";

interface Asked {
  dir: string;
  book: OrderBook;
  paces: Paces;
  places: readonly Place[];
  speculate: boolean;
}

/** What a slot begins now: the next open shard unless the others have done all sooner, else one a second time. */
export function nextOrder(
  { dir, book, paces, places, speculate }: Asked,
  place: Place,
  slot: string,
): Order | undefined {
  if (paces.leaves(place, slot, book.queued, places, performance.now())) return undefined;
  const open = book.next(place, places);
  if (open) return open;
  openStranded(book, places);
  return book.next(place, places) ?? (speculate ? secondTry(dir, book, place) : undefined);
}
