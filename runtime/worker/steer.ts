import { join } from "node:path";
import { FarmError, orElse } from "../../core/errors.ts";
import { PILOT_PAUSE_MIN, shareOf, steeringLines } from "../../core/steering.ts";
import { STEERING } from "../../core/run_paths.ts";
import type { Worker } from "../../core/schema/attempt.ts";
import type { Steering } from "../../core/schema/steering.ts";
import { orRefusal } from "../fs/list.ts";
import { whileOpen } from "../fs/open.ts";
import { readSteering } from "../run/steering.ts";
import { listWorkers } from "../run/workers.ts";
import type { JobContext } from "../shard/context.ts";
import * as proc from "../system/proc.ts";
import type { StartedShard } from "./executor.ts";
import { Heartbeats } from "./heartbeats.ts";

/** How long the list of the other loops is good, on which a throttle is divided. */
const LIST_MS = 1000;

interface SteeredLoop {
  token: string;
  slots: number;
  /** Whether it is a pilot, which ends after a long pause. */
  is_pilot: boolean;
}

/** Applies steering.json to one worker loop. It is read before each fit; if it cannot be, its last content holds. */
export class Steer {
  readonly #beats = new Heartbeats();
  #asked: Steering | null = null;
  #file = "";
  #words = "";
  #paused_ms: number | null = null;
  #share = { count: Infinity, of: Infinity, until_ms: -Infinity };

  constructor(
    readonly context: JobContext,
    readonly loop: SteeredLoop,
    readonly notify: (message: string) => void,
  ) {}

  /** Whether a pause or a throttle may keep this loop from starting fits now. */
  get holdsBack(): boolean {
    return this.#paused_ms !== null || (this.#asked?.throttle?.most ?? null) !== null;
  }

  /** Returns whether this loop ends after its present fits: steering.json says so, or it is a pilot in a long pause. */
  isLeaving(): boolean {
    this.#read();
    const { token, is_pilot } = this.loop;
    const isLong = this.#paused_ms !== null && performance.now() - this.#paused_ms >= PILOT_PAUSE_MIN * 60_000;
    return (is_pilot && isLong) || (this.#asked?.leaving?.includes(token) ?? false);
  }

  /** Number of fits that start or run on this loop's executors. */
  #fits = 0;

  /**
   * Counts a fit while it runs.
   * @param isRunning whether it runs already, and is counted in any case
   * @param start starts it, or returns undefined
   * @returns undefined also where a pause or a throttle leaves no room
   */
  async counting<T extends { started: StartedShard }>(
    isRunning: boolean,
    start: () => Promise<T | undefined>,
  ): Promise<T | undefined> {
    const most = isRunning ? Infinity : await this.#most();
    // Compared only now: another slot may have started a fit meanwhile.
    if (this.#fits >= most) return undefined;
    this.#fits++;
    const free = () => void this.#fits--;
    try {
      const next = await start();
      if (next) next.started.gone.then(free, free);
      else free();
      return next;
    } catch (error) {
      free();
      throw error;
    }
  }

  /** Returns the number of fits that this loop may run at a time now; more may still run, and end by themselves. */
  async #most(): Promise<number> {
    this.#read();
    if (this.#paused_ms !== null) return 0;
    const most = this.#asked?.throttle?.most ?? null;
    return most === null ? Infinity : await this.#shareOf(most);
  }

  #read(): void {
    const file = fileNow(join(this.context.run.dir, STEERING));
    if (file === this.#file) return;
    const asked = orRefusal(() => readSteering(this.context.run));
    if (asked instanceof FarmError) return;
    this.#file = file;
    this.#asked = asked;
    this.#share.until_ms = -Infinity;
    this.#paused_ms = asked?.paused ? this.#paused_ms ?? performance.now() : null;
    this.#tell(asked);
  }

  #tell(asked: Steering | null): void {
    const { paused, throttle } = asked ?? {};
    const lines = steeringLines(asked && { ...asked, added_pilots: 0, leaving: [] }, this.context.run.dir);
    const words = lines.length === 0 && this.#words !== ""
      ? "nothing keeps shards from starting any more"
      : lines.join("; ");
    const key = paused || throttle?.most ? words : "";
    if (key !== this.#words) this.notify(words);
    this.#words = key;
  }

  async #shareOf(most: number): Promise<number> {
    const now_ms = performance.now();
    if (this.#share.of === most && now_ms < this.#share.until_ms) return this.#share.count;
    const listed = orRefusal(() => listWorkers(this.context.run.dir));
    if (listed instanceof FarmError) return 0;
    this.#beats.update(listed, now_ms);
    const { token } = this.loop;
    const living = [...(await this.#living(listed.known)).filter((one) => one.token !== token), this.loop];
    const leaving = this.#asked?.leaving ?? [];
    const count = shareOf(most, living.filter((one) => !leaving.includes(one.token)), token);
    this.#share = { count, of: most, until_ms: now_ms + LIST_MS };
    return count;
  }

  /** Returns the loops that run: of this machine by their processes, of others by their heartbeats. */
  async #living(known: Worker[]): Promise<Worker[]> {
    const { process: { boot_id }, processes = proc } = this.context.machine;
    const here = known.filter(({ process }) => process.boot_id === boot_id);
    const alive = await processes.aliveOf(here.map(({ process }) => process), boot_id);
    return known.filter((one) =>
      here.includes(one) ? alive.has(one.process) : this.#beats.judge({ wrapper: one.process }) !== "dead"
    );
  }
}

/**
 * Returns what distinguishes the versions of a file; empty where there is none. The file is opened, since a lookup may
 * be answered from a cache (nfs(5), close-to-open).
 */
const fileNow = (path: string): string =>
  orElse("", () => {
    const { ino, mtime, size } = whileOpen(Deno.openSync(path), (file) => file.statSync());
    return `${ino} ${mtime?.getTime()} ${size}`;
  });
