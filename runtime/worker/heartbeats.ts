import type { Attempt, ProcessId } from "../../core/schema/attempt.ts";
import type { NativeState } from "../../core/schema/scheduler.ts";
import { type ListedWorkers, listWorkers } from "../run/workers.ts";

/** Default heartbeat interval of a worker loop, in seconds. */
export const BEAT_INTERVAL_S = 40;

/** Number of intervals without a heartbeat after which a loop is dead. */
export const MISSED = 3;

interface Count {
  token: string;
  beats: number;
  since_ms: number;
  interval_ms: number;
  /** Whether the loop got its extra time since its last heartbeat: once, so that rare checks come to an end. */
  is_excused: boolean;
}

/**
 * Distinguishes living worker loops of other machines from dead ones by their heartbeat counts in the run directory, on
 * this process's own clock: clocks of two machines are never compared. Time without a check is no silence: this process
 * may have been stopped, or the file server unavailable to all (a hanging mount), and then a living loop sends a
 * heartbeat within one interval.
 */
export class Heartbeats {
  /** By the loop's process: its count, and the time of the last change. */
  readonly #seen = new Map<string, Count>();
  /** The loops on file at the last two checks. */
  #here = new Set<string>();
  #before = new Set<string>();
  /** Tokens of loops whose files cannot be read now. */
  #unread = new Set<string>();
  #looked_ms = -Infinity;

  /** Reads the heartbeat counts of all loops. @param now_ms from before the files were read */
  update({ known: workers, unknown }: ListedWorkers, now_ms: number): void {
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
   * Returns whether an attempt on another machine was running at the last check: alive while its loop's count changes.
   * A loop that has removed its file runs nothing any more; since one listing can miss a file that is being renewed,
   * two must agree. Unknown while the file cannot be read, or while a living loop might not have sent a heartbeat yet.
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

/** Gives a loop one more interval after a time without a check. */
function excuse(count: Count, looked_ms: number, now_ms: number): void {
  const since_ms = now_ms - (MISSED - 1) * count.interval_ms;
  if (count.is_excused || now_ms - looked_ms <= count.interval_ms || since_ms <= count.since_ms) return;
  count.since_ms = since_ms;
  count.is_excused = true;
}

const keyOf = ({ boot_id, pid, start_ticks }: ProcessId) => `${boot_id} ${pid} ${start_ticks}`;

/** The other loops of a run, as one of them follows them by their heartbeats. */
export class OtherLoops {
  readonly #beats = new Heartbeats();
  #is_listed_again = false;
  /** When attempts of processes that have announced no loop were first judged, by their tokens. */
  readonly #silent_since_ms = new Map<string, number>();

  /** @param patience_s silence after which an attempt of a process that has announced no loop counts as dead */
  constructor(readonly dir: string, readonly patience_s = Infinity) {}

  /** Lists the loops, before the attempts of a run are judged. */
  list(): void {
    this.#update();
    this.#is_listed_again = false;
  }

  /** Judges an attempt by the last listing. */
  judgeListed(attempt: Attempt): ReturnType<Heartbeats["judge"]> {
    return this.#beats.judge(attempt);
  }

  /** Judges an attempt; where the result is unknown, lists the loops once more, since one listing can miss a file. */
  judge(attempt: Attempt): ReturnType<Heartbeats["judge"]> {
    if (this.#beats.judge(attempt) === "unknown" && !this.#is_listed_again) {
      this.#is_listed_again = true;
      this.#update();
    }
    const life = this.#beats.judge(attempt);
    return life === "unknown" && !attempt.remote && !this.#has_unread ? this.#judgeUnannounced(attempt) : life;
  }

  /**
   * Judges an attempt of a process that has announced no loop, such as a job that a user started by hand: it sends no
   * heartbeat, and whether it runs cannot be seen from here.
   */
  #judgeUnannounced({ attempt_token }: Attempt): ReturnType<Heartbeats["judge"]> {
    if (this.patience_s === Infinity) return "unknown";
    const since_ms = this.#silent_since_ms.get(attempt_token) ?? performance.now();
    this.#silent_since_ms.set(attempt_token, since_ms);
    return performance.now() - since_ms >= 1000 * this.patience_s ? "dead" : "alive";
  }

  #has_unread = false;

  #update(): void {
    const now_ms = performance.now();
    const listed = listWorkers(this.dir);
    this.#has_unread = listed.unknown.length > 0;
    this.#beats.update(listed, now_ms);
  }
}

/** Time in which a pilot that its scheduler reports as running announces itself, or ends. */
export const PILOT_SILENCE_S = 120;

/**
 * Finds pilots that run only according to their scheduler: on a node that hangs, or with a dead daemon. By this
 * process's own clock, over several checks.
 */
export class PilotWatch {
  readonly #beats = new Heartbeats();
  /** Token of a submission to the time when it was first seen running. */
  readonly #running_since_ms = new Map<string, number>();

  /**
   * Returns the tokens of submissions whose pilots are reported as running while no worker loop of the run has sent a
   * heartbeat for long. None while a loop lives or cannot be read, or while a pilot waits to start: that one will do
   * the work.
   * @param workers all loops of the run on record
   */
  silent(states: readonly NativeState[], workers: ListedWorkers, now_ms: number): string[] {
    this.#beats.update(workers, now_ms);
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
