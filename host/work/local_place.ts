import type { Plan } from "../../core/contracts/manifest.ts";
import { metricsName } from "../../core/run_paths.ts";
import type { LocalShape } from "../machine/allocation.ts";
import { attemptPath } from "../shard/attempts.ts";
import { finishShard } from "../shard/fit_shard.ts";
import { readShard } from "../shard/read_shard.ts";
import type { Assignment, Executor, ExecutorPool, StartedShard } from "./place.ts";
import { RecentNames } from "./recent_names.ts";
import { startShard } from "../shard/start_shard.ts";
import type { LoopRequest } from "./work_run.ts";
import type { Workbench } from "../shard/workbench.ts";
import { exists } from "../disk/write_file.ts";

/** This machine alone. */
export function localPool(shape: LocalShape) {
  return (bench: Workbench, { stop }: Pick<LoopRequest, "stop">): Promise<ExecutorPool> =>
    Promise.resolve({ executors: [new LocalExecutor(bench, shape, stop)], slots: shape.slots });
}

/** A shard may take so many times as long as the slowest so far: one that does not fit into the time left is not begun. */
const MARGIN = 1.5;

/** The CPUs of this machine, or those that a job was given. */
class LocalExecutor implements Executor {
  readonly name: string;
  slowest_ms: number | undefined;
  #changed: () => void = () => {};
  readonly #names: RecentNames;

  constructor(readonly bench: Workbench, readonly shape: LocalShape, readonly stop: AbortSignal) {
    this.name = bench.machine.host;
    this.#names = new RecentNames(bench.run.dir);
  }

  slots(_over: AbortSignal, changed: () => void): Promise<string[]> {
    this.#changed = changed;
    return Promise.resolve(Array.from({ length: this.shape.slots }, (_, i) => `${this.name}:${i}`));
  }

  isReady(): boolean {
    const { ends_at_ms } = this.shape;
    return ends_at_ms === undefined || performance.now() + MARGIN * (this.slowest_ms ?? 0) < ends_at_ms;
  }

  ready(): Promise<boolean> {
    const ready = this.isReady();
    // The others, which wait for something to do, have no time for it either.
    if (!ready) queueMicrotask(this.#changed);
    return Promise.resolve(ready);
  }

  async start({ plan, attempt }: Assignment, slot: string): Promise<StartedShard | undefined> {
    const { bench, shape: { threads, time_limit_s } } = this;
    if (this.#isTaken(plan, attempt)) return undefined;
    const running = await startShard(bench, { plan, attempt, slot, threads, time_limit_s, stop: this.stop });
    if (!running) return undefined;
    const begun = performance.now();
    running.gone.then(() => this.slowest_ms = Math.max(this.slowest_ms ?? 0, performance.now() - begun));
    return { gone: running.gone, finish: () => finishShard(bench, running) };
  }

  /** Two looks spare the writing of an attempt file where another loop was first. */
  #isTaken(plan: Plan, attempt: number): boolean {
    const { dir, manifest } = this.bench.run;
    if (exists(attemptPath(dir, plan.shard_index, attempt))) return true;
    // A record alone does not do: it may be of a result that was damaged since.
    return this.#names.has(metricsName(plan.shard_index)) && readShard(dir, manifest, plan).kind === "done";
  }
}
