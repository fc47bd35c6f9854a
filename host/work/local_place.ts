import { metricsName } from "../../core/run_paths.ts";
import { FAILURES, triesAgain } from "../../core/failure.ts";
import type { LocalShape } from "../machine/allocation.ts";
import { attemptPath } from "../shard/attempts.ts";
import { finishShard } from "../shard/fit_shard.ts";
import { readShard } from "../shard/read_shard.ts";
import type { Begun, Place, ShardOrder } from "./place.ts";
import { RecentNames } from "./recent_names.ts";
import { startShard } from "../shard/start_shard.ts";
import type { Crew, LoopOrder } from "./work_run.ts";
import type { Workbench } from "../shard/workbench.ts";
import { exists } from "../disk/write_file.ts";

/** This machine alone. */
export function localCrew(shape: LocalShape) {
  return (bench: Workbench, { stop }: LoopOrder): Promise<Crew> =>
    Promise.resolve({
      places: [new LocalPlace(bench, shape, stop)],
      slots: shape.slots,
      close: () => Promise.resolve(),
    });
}

/** A shard may take so many times as long as the slowest so far: one that does not fit into the time left is not begun. */
const MARGIN = 1.5;

/** The CPUs of this machine, or those that a job was given, as a place where shards run. */
class LocalPlace implements Place {
  readonly name: string;
  #slowest_ms: number | undefined;
  #changed: () => void = () => {};
  readonly #names: RecentNames;

  constructor(readonly bench: Workbench, readonly shape: LocalShape, readonly stop: AbortSignal) {
    this.name = bench.machine.host;
    this.#names = new RecentNames(bench.run.dir);
  }

  open(_over: AbortSignal, changed: () => void): Promise<string[]> {
    this.#changed = changed;
    return Promise.resolve(Array.from({ length: this.shape.slots }, (_, i) => `${this.name}:${i}`));
  }

  isReady(): boolean {
    const { ends_at_ms } = this.shape;
    return ends_at_ms === undefined || performance.now() + MARGIN * (this.#slowest_ms ?? 0) < ends_at_ms;
  }

  ready(): Promise<boolean> {
    const ready = this.isReady();
    // The others, which wait for something to do, have no time for it either.
    if (!ready) queueMicrotask(this.#changed);
    return Promise.resolve(ready);
  }

  async start(order: ShardOrder): Promise<Begun | undefined> {
    const { bench, shape: { threads, time_limit_s } } = this;
    if (this.#isTaken(order)) return undefined;
    const running = await startShard(bench, { ...order, threads, time_limit_s, stop: this.stop });
    if (!running) return undefined;
    const begun = performance.now();
    running.gone.then(() => this.#slowest_ms = Math.max(this.#slowest_ms ?? 0, performance.now() - begun));
    return { gone: running.gone, finish: () => finishShard(bench, running) };
  }

  /** Two looks spare the writing of an attempt file where another loop was first. */
  #isTaken({ plan, attempt }: ShardOrder): boolean {
    const { dir, manifest } = this.bench.run;
    if (exists(attemptPath(dir, plan.shard_index, attempt))) return true;
    // A record alone does not do: it may be of a result that was damaged since.
    return this.#names.has(metricsName(plan.shard_index)) && readShard(dir, manifest, plan).kind === "done";
  }

  /** What an earlier process began here ends by itself and is found in its files. */
  rejoin(): undefined {
    return undefined;
  }

  takeStranded(): [] {
    return [];
  }

  slowest_ms(): number | undefined {
    return this.#slowest_ms;
  }

  owns(): boolean {
    return false;
  }

  isExpected(): boolean {
    return true;
  }

  judge({ cause, stderr_tail }: Parameters<Place["judge"]>[0], failures: number) {
    return {
      again: triesAgain(cause, failures),
      counts: true,
      given_up: FAILURES[cause].stops_worker ? `${cause}: ${stderr_tail[0] ?? "no message"}` : null,
    };
  }

  praise(): void {}
}
