import { metricsName } from "../../core/run_paths.ts";
import type { Plan } from "../../core/schema/manifest.ts";
import { slotName } from "../../core/worker_backends.ts";
import { namesInPassing } from "../fs/list.ts";
import { exists } from "../fs/write.ts";
import { attemptPath } from "../shard/attempts.ts";
import type { JobContext } from "../shard/context.ts";
import { finishShard } from "../shard/fit.ts";
import { readShard } from "../shard/read.ts";
import { startShard } from "../shard/start.ts";
import type { LocalShape } from "../system/allocation.ts";
import type { Assignment, Executor, ExecutorPool, StartedShard } from "./executor.ts";
import type { LoopRequest } from "./run.ts";

const MIN_MS = 300;
/** Largest share of the time since the last listing that a listing may take. */
const SHARE = 0.02;

/**
 * Lists the names in a folder at limited cost. A lookup of a single name may be answered for a minute from a cache that
 * the name is absent (readListed). A name that is missing here may have appeared since.
 */
class RecentNames {
  #names: ReadonlySet<string> = new Set();
  #old_at_ms = -Infinity;

  constructor(readonly folder: string) {}

  has(name: string): boolean {
    const begin = performance.now();
    if (begin >= this.#old_at_ms) {
      this.#names = new Set(namesInPassing(this.folder));
      const end = performance.now();
      this.#old_at_ms = end + Math.max(MIN_MS, (end - begin) / SHARE);
    }
    return this.#names.has(name);
  }
}

/** Returns the function that opens a pool of this machine alone. */
export function localPool(shape: LocalShape) {
  return (context: JobContext, { stop }: Pick<LoopRequest, "stop">): Promise<ExecutorPool> =>
    Promise.resolve({ executors: [new LocalExecutor(context, shape, stop)], slots: shape.slots });
}

/** A shard may take this factor longer than the slowest so far; one that does not fit into the time is not started. */
const MARGIN = 1.5;

/** Runs shards on the CPUs of this machine, or on those of its job. */
class LocalExecutor implements Executor {
  readonly name: string;
  slowest_ms: number | undefined;
  #changed: () => void = () => {};
  readonly #names: RecentNames;

  constructor(readonly context: JobContext, readonly shape: LocalShape, readonly stop: AbortSignal) {
    this.name = context.machine.host;
    this.#names = new RecentNames(context.run.dir);
  }

  slots(_over: AbortSignal, changed: () => void): Promise<string[]> {
    this.#changed = changed;
    return Promise.resolve(Array.from({ length: this.shape.slots }, (_, i) => slotName(this.name, i)));
  }

  isReady(): boolean {
    const { ends_at_ms } = this.shape;
    return ends_at_ms === undefined || performance.now() + MARGIN * (this.slowest_ms ?? 0) < ends_at_ms;
  }

  ready(): Promise<boolean> {
    const ready = this.isReady();
    // The others, which wait for work, have no time for it either.
    if (!ready) queueMicrotask(this.#changed);
    return Promise.resolve(ready);
  }

  async start({ plan, attempt }: Assignment, slot: string): Promise<StartedShard | undefined> {
    const { context, shape: { threads, time_limit_s } } = this;
    if (this.#isTaken(plan, attempt)) return undefined;
    const running = await startShard(context, { plan, attempt, slot, threads, time_limit_s, stop: this.stop });
    if (!running) return undefined;
    const begun = performance.now();
    running.gone.then(() => this.slowest_ms = Math.max(this.slowest_ms ?? 0, performance.now() - begun));
    return { gone: running.gone, finish: () => finishShard(context, running) };
  }

  /** Whether another loop has this attempt. Two lookups here save writing an attempt file in vain. */
  #isTaken(plan: Plan, attempt: number): boolean {
    const { dir, manifest } = this.context.run;
    if (exists(attemptPath(dir, plan.shard_index, attempt))) return true;
    // A record alone is not enough: its result may have been damaged since.
    return this.#names.has(metricsName(plan.shard_index)) && readShard(dir, manifest, plan).kind === "done";
  }
}
