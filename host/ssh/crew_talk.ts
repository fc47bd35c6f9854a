import type { Plan } from "../../core/contracts/manifest.ts";
import type { FarmHost } from "../../core/ssh/hosts_file.ts";
import type { HostShape } from "../../core/ssh/host_shape.ts";
import type { HostLink } from "./link.ts";
import type { RemoteShard } from "./remote_shard.ts";

/** What a host asks of, and tells to, the hosts of a run together. */
export interface CrewTalk {
  readonly size: number;
  /** Whether any host could be used so far. */
  reached: boolean;
  /** Shards done by all of them. */
  done: number;
  /** Whether each host has the share of the toys that was made for it. */
  readonly isStatic: boolean;
  readonly retry_s: number;
  readonly lost_ms: number;
  /** Told to stop: then shards are stopped, and their ends are waited for. */
  readonly isStopping: boolean;
  /** Whether the run as it is now is whole, and no other loop works on it: then nothing of it is needed on a host. */
  isLeavingNothing(): boolean;
  isDone(plan: Plan): boolean;
  say(words: string): void;
  /**
   * @param cut ends the connection while it is being made
   * @throws {HostFault}
   */
  connect(host: FarmHost, cut: AbortSignal): Promise<HostLink>;
  /** Slots of a host that was reached for the first time; of two that are one machine the second has none. */
  shapeOf(name: string, host: FarmHost, link: HostLink): HostShape;
  /** Whether a host is in use, or has yet to be reached for the first time. */
  hasExpectedPlace(): boolean;
  missed(name: string, why: string): void;
  /** Ends the loop when nothing is expected of any host any more. */
  giveUpIfHopeless(): boolean;
  /** Sees to a shard's time limit and to the stop of the loop; returns what ends that. */
  watchTime(shard: RemoteShard, signal: (name: "TERM" | "KILL") => void): () => void;
  /** Stops a shard, politely first; it is stopped again on each new connection. */
  stopShard(shard: RemoteShard, signal: (name: "TERM" | "KILL") => void): void;
}
