import type { Plan } from "../../core/contracts/manifest.ts";
import { leavesToOthers, type OtherSlot } from "../../core/leave_to_others.ts";
import type { Order } from "./order_book.ts";
import type { Place } from "./place.ts";

interface Slot {
  place: Place;
  /** What it runs, and since when on this process's own clock. */
  runs: { n_toys: number; since_ms: number } | undefined;
}

/** How long places take for a toy, and what their slots are at. */
export class Paces {
  readonly #done = new Map<Place, { n_toys: number; ms: number }>();
  readonly #slots = new Map<string, Slot>();

  runs(place: Place, name: string, { n_toys }: Plan, gone: Promise<unknown>): void {
    const slot: Slot = { place, runs: { n_toys, since_ms: performance.now() } };
    this.#slots.set(name, slot);
    const end = () => slot.runs = undefined;
    gone.then(end, end);
  }

  done(place: Place, { n_toys }: Plan, wall_s: number | null): void {
    if (wall_s === null) return;
    const sum = this.#done.get(place) ?? { n_toys: 0, ms: 0 };
    this.#done.set(place, { n_toys: sum.n_toys + n_toys, ms: sum.ms + 1000 * wall_s });
  }

  /**
   * Whether this slot leaves what is queued to the slots of other places. Never where a shard has failed or is a share
   * made for a place, since then not each slot may take each of them.
   */
  leaves(place: Place, name: string, queue: readonly Order[], places: readonly Place[], now_ms: number): boolean {
    const ms_a_toy = this.#paceOf(place);
    if (ms_a_toy === undefined || queue.length === 0 || places.length < 2) return false;
    if (queue.some(({ plan, failed_at }) => failed_at.size > 0 || places.some((one) => one.owns(plan)))) return false;
    return leavesToOthers(ms_a_toy, queue.map(({ plan }) => plan.n_toys), this.#others(name, now_ms));
  }

  #paceOf(place: Place): number | undefined {
    const sum = this.#done.get(place);
    return sum && sum.ms / sum.n_toys;
  }

  #others(name: string, now_ms: number): OtherSlot[] {
    return [...this.#slots].flatMap(([other, { place, runs }]) => {
      const ms_a_toy = this.#paceOf(place);
      if (other === name || ms_a_toy === undefined || !place.isReady()) return [];
      const rest_ms = runs ? runs.since_ms + runs.n_toys * ms_a_toy - now_ms : 0;
      // One that is late may be so for as long again.
      return [{ ms_a_toy, free_in_ms: Math.abs(rest_ms) }];
    });
  }
}
