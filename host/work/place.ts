import type { Attempt } from "../../core/contracts/attempt.ts";
import type { Plan } from "../../core/contracts/manifest.ts";
import type { ShardRecord } from "../../core/contracts/shard_record.ts";
import type { ShardEnd } from "../shard/fit_shard.ts";

/** A shard as the loop gives it to a slot. */
export interface ShardOrder {
  plan: Plan;
  /** The number of this attempt: one more than the last. */
  attempt: number;
  slot: string;
}

/** A shard that goes on at a place. */
export interface Begun {
  /** Resolves at the moment that its slot is free. */
  gone: Promise<unknown>;
  /** Checks what it left and commits it. */
  finish(): Promise<ShardEnd>;
}

/** What a failed attempt means. */
export interface Verdict {
  /** Whether the shard is tried again by itself. */
  again: boolean;
  /** Whether the shard is to blame; false: the place is. */
  counts: boolean;
  /** Why nothing at all is begun any more, or null. */
  given_up: string | null;
}

/** Where shards run: this machine, or a host behind ssh. */
export interface Place {
  name: string;
  /**
   * The names of its slots, once shards can run there; none when `over` came first.
   * @param changed to be called when its readiness changes
   */
  open(over: AbortSignal, changed: () => void): Promise<string[]>;
  /** Waits until a shard may begin in this slot; false: not any more. */
  ready(over: AbortSignal, slot: string): Promise<boolean>;
  /** Whether a shard may begin now in one of its slots, of which it has some. */
  isReady(): boolean;
  /** Begins a shard; undefined when another process has this attempt, or has committed the shard meanwhile. */
  start(order: ShardOrder): Promise<Begun | undefined>;
  /**
   * Takes up an attempt that an earlier process began here; undefined: it is not of this place.
   * @param isOrphan whether no other loop that is alive follows it
   */
  rejoin(plan: Plan, attempt: Attempt, isOrphan: boolean): Begun | undefined;
  /** Attempts here of which nothing has been heard for so long that others may run their shards; each is given once. */
  takeStranded(): { shard: number; attempt: number }[];
  /** How long its slowest shard has taken, or undefined before the first. */
  slowest_ms(): number | undefined;
  /** Whether a shard is the share that was made for this place. */
  owns(plan: Plan): boolean;
  /** Whether shards may begin here now or soon. */
  isExpected(): boolean;
  /**
   * @param failures attempts at this shard that failed by its own fault, with this one
   * @param faults attempts at this shard before for which a place was to blame
   */
  judge(record: ShardRecord, failures: number, faults: number): Verdict;
  /** A shard was done here. */
  praise(): void;
}
