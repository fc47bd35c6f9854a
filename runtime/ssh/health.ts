import { FAILURES, triesAgain } from "../../core/failure.ts";
import type { ShardRecord } from "../../core/schema/shard_record.ts";
import { pauseFor } from "../system/process.ts";
import { Change, type FailureClass } from "../worker/executor.ts";

/** So many failed shards in a row, while other hosts do theirs, and a host is set aside. */
const MAX_FAILURES_IN_A_ROW = 3;
const MAX_RETRY_S = 600;

/** What a host's health asks of the pool that it is in. */
export interface HealthCalls {
  say(message: string): void;
  /** Gives all hosts up when nothing is expected of any of them any more; returns whether it did. */
  giveUpIfHopeless(): boolean;
}

/** Whether a host is given shards: one that fails is set aside, and offered one later, each time after longer. */
export class HostHealth extends Change {
  /** Shards done here. */
  done = 0;
  /** Whether it could be used so far, and why it could not the last time. */
  isReached = false;
  fault: string | null = null;
  /** How often in a row it could not be used. */
  misses = 0;
  /** Ends all waiting. */
  over: AbortSignal = AbortSignal.abort();
  isGivenUp = false;
  isOnTrial = false;
  #isAside = false;
  /** Shards that failed here in a row, and those that were done anywhere when the first did. */
  #failures = 0;
  #done_before = 0;

  /** @param peers all hosts of the pool, with this one */
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

  isExpected(): boolean {
    return !this.#isAside && !this.isGivenUp;
  }

  recordConnection(): void {
    this.isReached = true;
    if (!this.#isAside && this.#failures === 0) this.misses = 0;
    this.changed();
  }

  /** It could not be used, or shards fail there. Returns when it is to be tried again. */
  async setAside(reason: string): Promise<void> {
    this.misses++;
    this.#isAside = true;
    this.fault = reason;
    if (this.isGivenUp || this.pool.giveUpIfHopeless()) return;
    const seconds = Math.min(MAX_RETRY_S, this.host_retry_s * 2 ** (this.misses - 1));
    const alone = this.peers.some((one) => one.isExpected()) ? "" : "; no other host can run shards now";
    this.pool.say(`${this.name} is paused for ${seconds} s: ${reason}${alone}`);
    this.changed();
    const hasFailed = this.#failures > 0;
    await pauseFor(seconds * 1000, this.over);
    this.#isAside = false;
    // A shard that it had begun before was done there meanwhile: it needs no trial.
    if (hasFailed && this.#failures === 0 && !this.over.aborted) this.pool.say(`${this.name} runs shards again`);
    this.isOnTrial = this.#failures > 0;
    this.changed();
  }

  recordSuccess(): void {
    this.done++;
    const wasOnTrial = this.isOnTrial;
    [this.#failures, this.misses, this.isOnTrial] = [0, 0, false];
    if (wasOnTrial) this.pool.say(`${this.name} runs shards again`);
    if (wasOnTrial) this.changed();
  }

  /** A shard whose wrapper dies a second time, here or on another host, is to blame itself. */
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
