import { doneShards, type RunFacts, type Span } from "../run_facts.ts";
import { mostAtOnce } from "../times.ts";

/** The end of a run, in which slots stood idle since nothing was left to give them. */
export interface Tail {
  /** From the moment when half of the slots were idle for good to the end, in seconds. */
  tail_s: number;
  makespan_s: number;
  hosts: TailHost[];
}

/** A host on which shards still ran in the tail. */
interface TailHost {
  host: string;
  n_shards: number;
  /** What the run would have taken had its toys been done by the other hosts' slots; null: there are no others. */
  without_s: number | null;
}

/** Null where it is not known when the shards ran. */
export function tailOf(run: RunFacts): Tail | null {
  const rows = doneShards(run).flatMap(({ span, n_toys }) => span ? [{ ...span, n_toys }] : []);
  if (rows.length === 0 || run.times.makespan_s === null) return null;
  const ends = rows.map((row) => row.finished_ms).sort((a, b) => b - a);
  const last = ends[0] ?? NaN;
  // The last end of each slot; that of the slot in the middle is when half of them stood idle.
  const half_idle = ends[Math.floor(mostAtOnce(rows) / 2)] ?? last;
  const in_tail = rows.filter((row) => row.finished_ms > half_idle);
  const hosts = [...Map.groupBy(in_tail, ({ host }) => host)].map(([host, all]) => ({
    host,
    n_shards: all.length,
    without_s: withoutHost(rows, host),
  }));
  const tail_s = (last - half_idle) / 1000;
  return { tail_s, makespan_s: run.times.makespan_s, hosts: hosts.sort((a, b) => b.n_shards - a.n_shards) };
}

interface Row extends Span {
  n_toys: number;
}

/** The others' slots, at the pace that each host showed, evenly filled: the least that it could have taken. */
function withoutHost(rows: readonly Row[], host: string): number | null {
  const others = Map.groupBy(rows.filter((row) => row.host !== host), (row) => row.host);
  const pace = [...others.values()].reduce((sum, all) => sum + toysPerSecond(all), 0);
  const n_toys = rows.reduce((sum, row) => sum + row.n_toys, 0);
  return pace > 0 ? n_toys / pace : null;
}

/** Toys a second of all slots of one host together. */
function toysPerSecond(rows: readonly Row[]): number {
  const busy_s = rows.reduce((sum, row) => sum + row.finished_ms - row.started_ms, 0) / 1000;
  const n_toys = rows.reduce((sum, row) => sum + row.n_toys, 0);
  return busy_s > 0 ? n_toys / busy_s * mostAtOnce(rows) : 0;
}
