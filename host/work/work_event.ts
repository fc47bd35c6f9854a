import type { ShardRecord } from "../../core/contracts/shard_record.ts";

export interface WorkOptions {
  token: string;
  /** Run shards again whose attempts had failed before this loop began. */
  retry_failed: boolean;
  /** How often it says that it is alive. One that does not for three times as long loses its shards to others. */
  beat_interval_s: number;
  /** Begin somewhere among the open shards, for many loops begin at the same time. */
  scatter: boolean;
  /** Also run shards a second time that others take far longer for than this loop did. */
  speculate: boolean;
  /** Begin nothing: only follow to its end what an earlier loop began on hosts. */
  drain: boolean;
  stop: AbortSignal;
}

/** What a loop tells while it works. */
export type WorkEvent =
  | { kind: "begun"; total: number; done: number; failed: number; running_elsewhere: number }
  /** A shard that was done before, or by another process meanwhile. */
  | { kind: "found"; record: ShardRecord }
  | { kind: "started"; shard: number; slot: string }
  | { kind: "done"; shard: number; record: ShardRecord; aside: string | null }
  | { kind: "failed"; shard: number; record: ShardRecord; again: boolean }
  /** A slot is free again whose shard somebody else has. */
  | { kind: "taken"; shard: number }
  | { kind: "executor"; message: string }
  | { kind: "given_up"; why: string };

export interface WorkReport {
  done: number;
  failed: number[];
  /** Begun on machines that cannot be asked from here. */
  elsewhere: number[];
  /** Not begun, because the loop was stopped. */
  left: number[];
}

/** What a loop tells first. */
export const begunEvent = (total: number, { done, failed, elsewhere }: WorkReport): WorkEvent => ({
  ...{ kind: "begun", total, done },
  ...{ failed: failed.length, running_elsewhere: elsewhere.length },
});
