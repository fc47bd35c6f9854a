import { doneShards, type ShardFacts } from "../../core/run_facts.ts";
import { readRunFacts } from "../../runtime/state/facts.ts";
import { DevError } from "../tools/dev_error.ts";

/**
 * Returns the seconds from the first start to the last end.
 * @throws {DevError} when the run is not whole
 */
export function makespanOf(dir: string): number {
  const { makespan_s } = readRunFacts(dir).times;
  if (makespan_s === null) throw new DevError(`Cannot measure the run in "${dir}": it has no makespan`);
  return makespan_s;
}

/** Returns toys per second of one slot of each host, from the fits of these runs. */
export function ratesOf(dirs: string[]): number[] {
  const shards = dirs.flatMap((dir) => doneShards(readRunFacts(dir)));
  const hosts = Map.groupBy(shards, ({ host }) => host);
  const sum = (all: ShardFacts[], of: (one: ShardFacts) => number) => all.reduce((total, one) => total + of(one), 0);
  return [...hosts.values()].map((all) => sum(all, ({ n_toys }) => n_toys) / sum(all, ({ wall_s }) => wall_s ?? NaN));
}

/**
 * Returns the makespan of GNU parallel's joblog in seconds: tab-separated, a head, then Seq, Host, Starttime and
 * JobRuntime (parallel(1)).
 */
export function joblogMakespan(text: string): number {
  const jobs = text.trim().split("\n").slice(1).map((row) => {
    const [, , begin, took] = row.split("\t").map(Number);
    return { begin: begin ?? NaN, end: (begin ?? NaN) + (took ?? NaN) };
  });
  return Math.max(...jobs.map(({ end }) => end)) - Math.min(...jobs.map(({ begin }) => begin));
}
