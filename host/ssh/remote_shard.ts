import type { Plan } from "../../core/contracts/manifest.ts";
import { type OpenAttempt, updateAttempt } from "../shard/attempts.ts";

/** How an attempt on a host came to its end, as far as the host tells. */
export type RemoteEnd =
  /** Its files are whole there. */
  | { kind: "ended" }
  /** It never began, and will not. */
  | { kind: "absent" }
  /** Its process is gone and left no end. */
  | { kind: "dead"; free_kb: number | null; said: string }
  /** The loop is over, and nothing was heard of it. */
  | { kind: "left" };

type Signal = "TERM" | "KILL";

/** Seconds between the polite and the final signal to a shard. */
const GRACE_S = 5;

/** When shards of a loop are stopped. */
export interface StopRules {
  /** Seconds that each may take here; null: any number. */
  time_limit_s: number | null;
  /** Whether what goes on is stopped at once. */
  drain: boolean;
  /** Stops the loop. */
  stop: AbortSignal;
}

/** An attempt on a host, as its driver sees it. */
export class RemoteShard {
  readonly #end = Promise.withResolvers<RemoteEnd>();
  readonly #gone = Promise.withResolvers<void>();
  /** How often the host said that it is about to start. */
  starting = 0;
  ended = false;
  /** Whether it is to be stopped: said again on each new connection, for a signal is lost with the one before. */
  isUnwanted = false;
  /** Whether its shard was given to others because nothing was heard of its host. */
  isStranded = false;

  /** @param signal sends one to it, over the connection that stands */
  constructor(readonly plan: Plan, readonly open: OpenAttempt, readonly signal: (name: Signal) => void = () => {}) {}

  /** By this name it is known on its host. */
  get id(): string {
    return this.open.attempt.attempt_token;
  }

  get stem(): string {
    return `shard_${this.plan.shard_index}.${this.id}`;
  }

  get end(): Promise<RemoteEnd> {
    return this.#end.promise;
  }

  /** Resolves when its fit has ended, or it is over: others may use its cores. */
  get gone(): Promise<void> {
    return this.#gone.promise;
  }

  free(): void {
    this.#gone.resolve();
  }

  settle(end: RemoteEnd): void {
    this.ended = true;
    this.free();
    this.#end.resolve(end);
  }

  /** Stops it, politely first; it is stopped again on each new connection. */
  stop(): void {
    this.isUnwanted = true;
    this.signal("TERM");
    const timer = setTimeout(() => this.signal("KILL"), GRACE_S * 1000);
    this.gone.then(() => clearTimeout(timer));
  }

  /** Stops it when its time is up or the loop is stopped; returns what ends that. */
  stopBy({ time_limit_s, drain, stop }: StopRules): () => void {
    const timers: number[] = [];
    const end = () => {
      this.stop();
      // A host that cannot be reached does not keep a loop that was told to stop.
      timers.push(setTimeout(() => this.ended || this.settle({ kind: "left" }), 2 * GRACE_S * 1000));
    };
    const late = () => {
      const { remote } = this.open.attempt;
      if (remote) updateAttempt(this.open, { remote: { ...remote, stopped_for: "time" } });
      this.stop();
    };
    if (time_limit_s !== null) timers.push(setTimeout(late, time_limit_s * 1000));
    if (stop.aborted) end();
    else if (drain) this.stop();
    stop.addEventListener("abort", end, { once: true });
    return () => {
      for (const timer of timers) clearTimeout(timer);
      stop.removeEventListener("abort", end);
    };
  }
}

/** Marks attempts as given to others and returns those that were not before: each is given once. */
export function strand(shards: readonly RemoteShard[]): { shard: number; attempt: number }[] {
  return shards.filter((one) => !one.isStranded).map((one) => {
    one.isStranded = true;
    return { shard: one.plan.shard_index, attempt: one.open.attempt.attempt };
  });
}
