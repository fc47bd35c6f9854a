import type { Attempt, ProcessId } from "../../core/schema/attempt.ts";
import type { NativeState } from "../../core/schema/scheduler.ts";
import type { ListedWorkers } from "../run/workers.ts";

/** A loop is dead when its count did not move for so many of its intervals. */
const MISSED = 3;

interface Count {
  token: string;
  beats: number;
  since_ms: number;
  interval_ms: number;
  /** It was given time once more since it stands still: whoever looks seldom must come to an end too. */
  is_excused: boolean;
}

/**
 * Tells live worker loops of other machines from dead ones by their counts in the run directory, on this process's own
 * clock: the clocks of two machines are never compared. Time in which nobody looked is no silence: this process may have
 * been stopped, or the file server away for all (a mount that hangs), and then a living loop beats within an interval.
 */
export class Heartbeats {
  /** By the loop's process: its count, and since when it stands still. */
  readonly #seen = new Map<string, Count>();
  /** The loops on file at the last two looks. */
  #here = new Set<string>();
  #before = new Set<string>();
  /** Tokens of loops whose files cannot be read now. */
  #unread = new Set<string>();
  #looked_ms = -Infinity;

  /** Takes in what the files say now. @param now_ms from before they were read */
  look({ known: workers, unknown }: ListedWorkers, now_ms: number): void {
    const looked_ms = this.#looked_ms;
    this.#looked_ms = now_ms;
    this.#before = this.#here;
    this.#here = new Set(workers.map(({ process }) => keyOf(process)));
    this.#unread = new Set(unknown.map(({ token }) => token));
    for (const count of this.#seen.values()) excuse(count, looked_ms, now_ms);
    for (const { token, process, beats, beat_interval_s } of workers) {
      if (beats === undefined || beat_interval_s === undefined) continue;
      const known = this.#seen.get(keyOf(process));
      if (known?.beats === beats) continue;
      const interval_ms = beat_interval_s * 1000;
      this.#seen.set(keyOf(process), { token, beats, since_ms: now_ms, interval_ms, is_excused: false });
    }
  }

  /**
   * Whether an attempt that was begun on another machine went on at the last look: by a loop whose count moves, or not,
   * or nobody knows. A loop that was there and has taken its file away runs nothing any more; one listing can miss a name
   * that is given anew while it is made. Of one whose file cannot be read nothing is unknown yet while a living one might
   * not have beaten either.
   */
  judge({ wrapper }: Pick<Attempt, "wrapper">): "alive" | "dead" | "unknown" {
    const key = keyOf(wrapper);
    const known = this.#seen.get(key);
    if (!known) return "unknown";
    const isSilent = this.#looked_ms - known.since_ms >= MISSED * known.interval_ms;
    if (this.#unread.has(known.token)) return isSilent ? "unknown" : "alive";
    if (!this.#here.has(key) && !this.#before.has(key)) return "dead";
    return isSilent ? "dead" : "alive";
  }
}

/** After a time without a look a loop has one interval more to beat in. */
function excuse(count: Count, looked_ms: number, now_ms: number): void {
  const since_ms = now_ms - (MISSED - 1) * count.interval_ms;
  if (count.is_excused || now_ms - looked_ms <= count.interval_ms || since_ms <= count.since_ms) return;
  count.since_ms = since_ms;
  count.is_excused = true;
}

const keyOf = ({ boot_id, pid, start_ticks }: ProcessId) => `${boot_id} ${pid} ${start_ticks}`;

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
