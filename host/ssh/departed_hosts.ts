import type { Attempt } from "../../core/contracts/attempt.ts";
import type { Plan } from "../../core/contracts/manifest.ts";
import type { ShardEnd } from "../shard/fit_shard.ts";
import { attemptPath } from "../shard/attempts.ts";
import { readShard } from "../shard/read_shard.ts";
import type { Workbench } from "../shard/workbench.ts";
import type { Begun, Place, Verdict } from "../work/place.ts";
import { endSuperseded } from "./end_remote.ts";
import { RemoteShard, strand } from "./remote_shard.ts";

/**
 * The hosts on which an earlier loop began shards and which the hosts file does not name any more, or names in another
 * way. They cannot be asked, so after `lost_ms` their shards are run elsewhere, like those of a host that fell silent.
 */
export class DepartedHosts implements Place {
  readonly name = "hosts that the hosts file does not name";
  readonly #shards: RemoteShard[] = [];
  readonly #since_ms = performance.now();

  constructor(readonly bench: Workbench, readonly lost_ms: number) {}

  open(over: AbortSignal, changed: () => void): Promise<string[]> {
    const timer = setTimeout(changed, this.lost_ms + 10);
    over.addEventListener("abort", () => {
      clearTimeout(timer);
      this.#leave();
    }, { once: true });
    return Promise.resolve([]);
  }

  /** Ends the attempts whose shards others have done; what is not done may still run there. */
  #leave(): void {
    const { dir, manifest } = this.bench.run;
    for (const shard of this.#shards) {
      if (readShard(dir, manifest, shard.plan).kind === "done") endSuperseded(this.bench, shard);
    }
  }

  rejoin(plan: Plan, attempt: Attempt, isOrphan: boolean): Begun | undefined {
    if (!attempt.remote || !isOrphan) return undefined;
    const path = attemptPath(this.bench.run.dir, plan.shard_index, attempt.attempt);
    const shard = new RemoteShard(plan, { attempt, path, clock_offset_s: null });
    this.#shards.push(shard);
    return { gone: shard.gone, finish: () => Promise.resolve<ShardEnd>({ kind: "taken" }) };
  }

  takeStranded(): { shard: number; attempt: number }[] {
    if (performance.now() - this.#since_ms < this.lost_ms) return [];
    return strand(this.#shards);
  }

  ready(): Promise<boolean> {
    return Promise.resolve(false);
  }

  isReady(): boolean {
    return false;
  }

  isExpected(): boolean {
    return false;
  }

  start(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  slowest_ms(): undefined {
    return undefined;
  }

  owns(): boolean {
    return false;
  }

  judge(): Verdict {
    return { again: true, counts: false, given_up: null };
  }

  praise(): void {}
}
