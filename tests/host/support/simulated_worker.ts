import type { ShardRecord } from "../../../core/contracts/shard_record.ts";
import type { WorkEvent, WorkReport } from "../../../host/work/work_event.ts";
import { type CacheTimes, ClientCache } from "./client_cache.ts";
import type { Holder } from "./simulated_time.ts";
import { type DiskUser, Killed } from "./faulty_disk.ts";

/** What happens to a worker, and when; all that is not said does not happen. */
export interface Fate {
  /** It is killed when it makes its change to the disk of that number: before it, or after it was done. */
  killed_at_change?: number;
  /** Its machine loses its power at that moment; else its fits go on. */
  power_lost: boolean;
  /** Its temporary files go with it. */
  takes_temporaries: boolean;
  /** It is stopped after so long, for so long. */
  stopped?: { after_ms: number; for_ms: number };
  /** Others commit the same shard while it is stopped at that change of a final name. */
  overtaken_at?: number;
  /** Its machine is started again so long after its death, and a worker on it. */
  back_after_ms?: number;
  /** Of how many changes one is answered with an error. */
  lies: number;
  refusals: number;
  /** What its machine keeps in mind of the disk, and for how long. */
  cache?: CacheTimes;
}

/** A worker loop on a machine of its own. */
export class SimulatedWorker implements DiskUser, Holder {
  isDead = false;
  stopped_until = 0;
  /** What its loop came to. */
  outcome: "works" | "ended" | "threw" = "works";
  why = "";
  /** When it began, when it ended, and its last fit, by the simulated clock. */
  began_ms = 0;
  ended_ms = Infinity;
  fitted_ms = 0;
  report: WorkReport | undefined;
  readonly finished: { shard: number; record: ShardRecord; aside: string | null }[] = [];
  readonly cache: ClientCache | undefined;
  #changes = 0;
  #names = 0;

  constructor(
    readonly host: string,
    readonly boot_id: string,
    readonly fate: Fate,
    readonly random: () => number,
    readonly watch: { died(): void; overtaken(path: string): void; named(path: string): void },
  ) {
    this.cache = fate.cache && new ClientCache(fate.cache, () => performance.now());
  }

  get process() {
    return { host: this.host, boot_id: this.boot_id, pid: 4_190_000, start_ticks: "7" };
  }

  held(): number | null {
    return this.isDead ? null : this.stopped_until;
  }

  readonly tell = (event: WorkEvent): void => {
    if (event.kind === "done") this.finished.push(event);
  };

  change(path: string): void {
    if (this.isDead) throw new Killed();
    if (this.#changes++ === this.fate.killed_at_change) this.die();
    if (/\/shard_\d+\.(out|metrics)\.json$/.test(path) && this.#names++ === this.fate.overtaken_at) {
      this.watch.overtaken(path);
    }
  }

  die(): never {
    this.isDead = true;
    this.watch.died();
    throw new Killed();
  }

  lie() {
    if (this.random() >= this.fate.lies) return null;
    return (["EIO", "EEXIST", "ENOENT"] as const)[Math.floor(this.random() * 3)] ?? null;
  }

  refuses(): boolean {
    return this.random() < this.fate.refusals;
  }

  named(path: string): void {
    this.watch.named(path);
  }
}
