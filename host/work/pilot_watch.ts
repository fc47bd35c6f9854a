import type { NativeState } from "../../core/contracts/scheduler.ts";
import { Heartbeats } from "./heartbeats.ts";
import type { ListedWorkers } from "./workers.ts";

/** How long a pilot that its scheduler says to run may take to announce itself, or to leave when it has ended. */
export const PILOT_SILENCE_S = 120;

/**
 * Finds pilots that only their scheduler believes to run: on a node that hangs, or whose daemon is dead. By its own
 * clock, over several looks.
 */
export class PilotWatch {
  readonly #beats = new Heartbeats();
  /** Token of a submission to when it was first seen to run. */
  readonly #running_since_ms = new Map<string, number>();

  /**
   * Tokens of submissions whose pilots are said to run, when no worker loop of the run has given a sign of life for long.
   * None while one lives or cannot be read, or while a pilot waits to begin: it will do the work.
   * @param workers all loops of the run that are on record
   */
  silent(states: readonly NativeState[], workers: ListedWorkers, now_ms: number): string[] {
    this.#beats.look(workers, now_ms);
    const running = new Set(states.filter(({ state }) => state === "running").map(({ token }) => token));
    for (const token of this.#running_since_ms.keys()) if (!running.has(token)) this.#running_since_ms.delete(token);
    for (const token of running) {
      if (!this.#running_since_ms.has(token)) this.#running_since_ms.set(token, now_ms);
    }
    if (states.some(({ state }) => state === "queued" || state === "unknown")) return [];
    if (workers.unknown.length > 0) return [];
    if (workers.known.some(({ process }) => this.#beats.judge({ wrapper: process }) !== "dead")) return [];
    const isLong = [...this.#running_since_ms.values()].every((since_ms) =>
      now_ms - since_ms >= PILOT_SILENCE_S * 1000
    );
    return isLong ? [...running] : [];
  }
}
