import type { Attempt, ProcessId } from "../../core/contracts/attempt.ts";
import type { ListedWorkers } from "./workers.ts";

/** A loop is dead when its count did not move for so many of its intervals. */
const MISSED = 3;

/**
 * Tells live worker loops of other machines from dead ones by their counts in the run directory, on this process's own
 * clock: the clocks of two machines are never compared.
 */
export class Heartbeats {
  /** By the loop's process: its count, and since when it stands still. */
  readonly #seen = new Map<string, { token: string; beats: number; since_ms: number; interval_s: number }>();
  #here = new Set<string>();
  /** Tokens of loops whose files cannot be read now. */
  #unread = new Set<string>();

  /** Takes in what the files say now. */
  look({ known: workers, unknown }: ListedWorkers, now_ms: number): void {
    this.#here = new Set(workers.map(({ process }) => keyOf(process)));
    this.#unread = new Set(unknown.map(({ token }) => token));
    for (const { token, process, beats, beat_interval_s } of workers) {
      if (beats === undefined || beat_interval_s === undefined) continue;
      const known = this.#seen.get(keyOf(process));
      if (known?.beats === beats) continue;
      this.#seen.set(keyOf(process), { token, beats, since_ms: now_ms, interval_s: beat_interval_s });
    }
  }

  /**
   * Whether an attempt that was begun on another machine goes on: by a loop whose count moves, or not, or nobody knows.
   * A loop that was there and has taken its file away runs nothing any more.
   */
  judge({ wrapper }: Pick<Attempt, "wrapper">, now_ms: number): "alive" | "dead" | "unknown" {
    const key = keyOf(wrapper);
    const known = this.#seen.get(key);
    if (!known || this.#unread.has(known.token)) return "unknown";
    if (!this.#here.has(key)) return "dead";
    return now_ms - known.since_ms < MISSED * known.interval_s * 1000 ? "alive" : "dead";
  }
}

const keyOf = ({ boot_id, pid, start_ticks }: ProcessId) => `${boot_id} ${pid} ${start_ticks}`;
