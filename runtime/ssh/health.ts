import { FAILURES, triesAgain } from "../../core/failure.ts";
import type { ShardRecord } from "../../core/schema/shard_record.ts";
import { pauseFor } from "../system/process.ts";
import { Change, type FailureClass } from "../worker/executor.ts";

/** Consecutive failed shards, while other hosts succeed, after which a host is set aside. */
const MAX_FAILURES_IN_A_ROW = 3;
const MAX_RETRY_S = 600;

/** Functions of the pool that a host's health needs. */
export interface HealthCalls {
  note(message: string): void;
  /** Gives all hosts up when none of them can be expected back; returns whether it did. */
  giveUpIfHopeless(): boolean;
}

/** Decides whether a host gets shards: after failures it is set aside, and tried again with one after longer delays. */
export class HostHealth extends Change {
  /** Shards done here. */
  done = 0;
  /** Whether it could be used so far, and the last reason why not. */
  isReached = false;
  fault: string | null = null;
  /** Consecutive attempts to use it that failed. */
  misses = 0;
  /** Ends all waiting. */
  over: AbortSignal = AbortSignal.abort();
  isOnTrial = false;
  /** Ends the pauses of a host that is given up. */
  readonly #given_up = new AbortController();
  #isAside = false;
  /** Consecutive failed shards here, and the shards done anywhere at the first of them. */
  #failures = 0;
  #done_before = 0;

  /** @param peers all hosts of the pool, including this one */
  constructor(
    readonly name: string,
    readonly peers: readonly HostHealth[],
    readonly host_retry_s: number,
    readonly pool: HealthCalls,
  ) {
    super();
  }

  get isOver(): boolean {
    return this.over.aborted || this.isGivenUp;
  }

  get isGivenUp(): boolean {
    return this.#given_up.signal.aborted;
  }

  giveUp(): void {
    this.#given_up.abort();
  }

  isExpected(): boolean {
    return !this.#isAside && !this.isGivenUp;
  }

  recordConnection(): void {
    this.isReached = true;
    if (!this.#isAside && this.#failures === 0) this.misses = 0;
    this.changed();
  }

  /** Sets the host aside because it is unusable or shards fail there. Resolves when it is to be tried again. */
  async setAside(reason: string): Promise<void> {
    this.misses++;
    this.#isAside = true;
    this.fault = reason;
    if (this.isGivenUp || this.pool.giveUpIfHopeless()) return;
    const seconds = Math.min(MAX_RETRY_S, this.host_retry_s * 2 ** (this.misses - 1));
    const alone = this.peers.some((one) => one.isExpected()) ? "" : "; no other host can run shards now";
    this.pool.note(`${this.name} is paused for ${seconds} s: ${reason}${alone}`);
    this.changed();
    const hasFailed = this.#failures > 0;
    await pauseFor(seconds * 1000, AbortSignal.any([this.over, this.#given_up.signal]));
    this.#isAside = false;
    // A shard that it had started before was done there meanwhile: no trial is needed.
    if (hasFailed && this.#failures === 0 && !this.over.aborted) this.pool.note(`${this.name} runs shards again`);
    this.isOnTrial = this.#failures > 0;
    this.changed();
  }

  recordSuccess(): void {
    this.done++;
    const wasOnTrial = this.isOnTrial;
    [this.#failures, this.misses, this.isOnTrial] = [0, 0, false];
    if (wasOnTrial) this.pool.note(`${this.name} runs shards again`);
    if (wasOnTrial) this.changed();
  }

  /** Returns what a failure here means. A shard whose wrapper dies a second time, on any host, is itself at fault. */
  classifyFailure({ cause, stderr_tail, wall_s }: ShardRecord, failures: number, faults: number): FailureClass {
    if (FAILURES[cause].ended_by === "stop") return { again: false, counts: true, given_up: null };
    const again = triesAgain(cause, failures, this.peers.length > 1);
    const isWrapperDead = cause === "signal" && wall_s === null;
    if (isWrapperDead && faults > 0) return { again, counts: true, given_up: null };
    const isOfHost = FAILURES[cause].stops_worker || isWrapperDead;
    const done = this.peers.reduce((sum, one) => sum + one.done, 0);
    if (this.#failures++ === 0) this.#done_before = done;
    const isInARow = this.#failures >= MAX_FAILURES_IN_A_ROW && done > this.#done_before;
    if (!this.#isAside && (isOfHost || isInARow || this.isOnTrial)) {
      const message = stderr_tail[0] ?? FAILURES[cause].words;
      this.setAside(isOfHost ? message : `${this.#failures} shards in a row failed there, the last one: ${message}`);
    }
    return { again: isOfHost || again, counts: !isOfHost, given_up: null };
  }
}
