import type { Plan } from "../../core/contracts/manifest.ts";
import type { OpenAttempt } from "../shard/attempts.ts";

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

  constructor(readonly plan: Plan, readonly open: OpenAttempt) {}

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
}

/** Marks attempts as given to others and returns those that were not before: each is given once. */
export function strand(shards: readonly RemoteShard[]): { shard: number; attempt: number }[] {
  return shards.filter((one) => !one.isStranded).map((one) => {
    one.isStranded = true;
    return { shard: one.plan.shard_index, attempt: one.open.attempt.attempt };
  });
}
