// @ts-types="@types/d3-array"
import { extent, mean } from "d3-array";
import type { RunFacts } from "../run_facts.ts";
import { doneShards } from "../run_facts.ts";

export interface Contention {
  /** Pearson's correlation of a shard's time for a toy with the load when it began. */
  r: number;
  n_shards: number;
  load_min: number;
  load_max: number;
}

const FEWEST_SHARDS = 12;

/**
 * Whether toys take longer where the load is higher: over all shards, each against the mean of its own host, so that a
 * slow host does not pass for a busy one. Null where there are too few shards or the load hardly differs.
 */
export function contentionOf(runs: readonly RunFacts[]): Contention | null {
  const rows = runs.flatMap((run) => doneShards(run)).flatMap(({ host, load_start, fit_s, n_toys }) =>
    host === null || load_start === null || fit_s === null ? [] : [{ host, load: load_start, toy_s: fit_s / n_toys }]
  );
  if (rows.length < FEWEST_SHARDS) return null;
  const [load_min = NaN, load_max = NaN] = extent(rows, ({ load }) => load);
  if (load_max - load_min < 0.5) return null;
  const hosts = Map.groupBy(rows, ({ host }) => host);
  const centred = [...hosts.values()].flatMap((all) => {
    const [load, toy_s] = [mean(all, (row) => row.load) ?? NaN, mean(all, (row) => row.toy_s) ?? NaN];
    return all.map((row) => [row.load - load, row.toy_s / toy_s - 1] as const);
  });
  const sum = (of: (x: number, y: number) => number) => centred.reduce((total, [x, y]) => total + of(x, y), 0);
  const scale = Math.sqrt(sum((x) => x * x) * sum((_, y) => y * y));
  return scale === 0 ? null : { r: sum((x, y) => x * y) / scale, n_shards: rows.length, load_min, load_max };
}
