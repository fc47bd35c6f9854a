import type { ShardRecord } from "../../core/contracts/shard_record.ts";
import { FAILURES, triesAgain } from "../../core/failure.ts";
import type { Verdict } from "../work/place.ts";
import type { CrewTalk } from "./crew_talk.ts";
import { pauseFor } from "../machine/pause_for.ts";

/** So many failed shards in a row, while other hosts do theirs, and a host is set aside. */
const ROW = 3;
/** So many times in a row it could not be used, and nothing is expected of a host any more. */
const MOST_MISSES = 3;
const LONGEST_S = 600;

/** What a host's health depends on besides itself. */
export type OtherHosts = Pick<
  CrewTalk,
  "size" | "reached" | "done" | "retry_s" | "say" | "missed" | "hasExpectedPlace" | "giveUpIfHopeless"
>;

/** Whether a host is given shards: one that fails is set aside, and offered again later, each time after longer. */
export class HostHealth {
  given_up = false;
  on_trial = false;
  #over: AbortSignal = AbortSignal.abort();
  #changed: () => void = () => {};
  #aside = false;
  #misses = 0;
  #row = 0;
  #others_done = 0;

  constructor(readonly name: string, readonly crew: OtherHosts) {}

  watch(over: AbortSignal, changed: () => void): void {
    this.#over = over;
    this.#changed = changed;
    over.addEventListener("abort", () => this.wake(), { once: true });
  }

  get isOver(): boolean {
    return this.#over.aborted;
  }

  get isGood(): boolean {
    return !this.#aside && !this.given_up;
  }

  /** Nothing good was seen of it for so long that its coming back is not waited for. */
  get isHopeless(): boolean {
    return this.#misses >= (this.crew.reached ? MOST_MISSES : 1);
  }

  connected(): void {
    this.crew.reached = true;
    if (!this.#aside && this.#row === 0) this.#misses = 0;
    this.wake();
  }

  disconnected(): void {
    this.wake();
  }

  /** It could not be reached or used. Returns when it is to be tried again. */
  async missed(why: string): Promise<void> {
    await this.#setAside(why);
  }

  async #setAside(why: string): Promise<void> {
    this.#misses++;
    this.#aside = true;
    this.crew.missed(this.name, why);
    if (this.given_up || this.crew.giveUpIfHopeless()) return;
    const seconds = Math.min(LONGEST_S, this.crew.retry_s * 2 ** (this.#misses - 1));
    const alone = this.crew.hasExpectedPlace() ? "" : "; no other host can run shards now";
    this.crew.say(`${this.name} is set aside for ${seconds} s: ${why}${alone}`);
    this.wake();
    const had_failed = this.#row > 0;
    await pauseFor(seconds * 1000, this.#over);
    this.#aside = false;
    // A shard that it had begun before was done there meanwhile: it needs no trial.
    if (had_failed && this.#row === 0 && !this.isOver) this.crew.say(`${this.name} runs shards again`);
    this.on_trial = this.#row > 0;
    this.wake();
  }

  praise(): void {
    this.crew.done++;
    const tried = this.on_trial;
    [this.#row, this.#misses, this.on_trial] = [0, 0, false];
    if (tried) this.crew.say(`${this.name} runs shards again`);
    if (tried) this.wake();
  }

  /** A shard whose wrapper dies a second time, here or on another host, is to blame itself. */
  judge({ cause, stderr_tail, wall_s }: ShardRecord, failures: number, faults: number): Verdict {
    const told = stderr_tail[0] ?? FAILURES[cause].words;
    if (FAILURES[cause].ended_by === "stop") return { again: false, counts: true, given_up: null };
    const isWrapperDead = cause === "signal" && wall_s === null;
    if (isWrapperDead && faults > 0) {
      return { again: triesAgain(cause, failures, this.crew.size > 1), counts: true, given_up: null };
    }
    const its_own = FAILURES[cause].stops_worker || isWrapperDead;
    if (this.#row++ === 0) this.#others_done = this.crew.done;
    const in_a_row = this.#row >= ROW && this.crew.done > this.#others_done;
    if (!this.#aside && (its_own || in_a_row || this.on_trial)) {
      this.#setAside(its_own ? told : `${this.#row} shards in a row failed there, the last with: ${told}`);
    }
    const elsewhere = this.crew.size > 1;
    return { again: its_own || triesAgain(cause, failures, elsewhere), counts: !its_own, given_up: null };
  }

  #waiting: (() => void)[] = [];

  /** Resolves at the next change. */
  change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const one of waiting) one();
    this.#changed();
  }
}
