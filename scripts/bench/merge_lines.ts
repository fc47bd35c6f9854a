import { join } from "node:path";
import { makeShards } from "../make_shards.ts";
import type { BenchLine } from "./line.ts";
import { inPairs, measure, type MeasuredPair } from "./measure.ts";

const ROUNDS = 5;
const SUMS = "sha256sum of their 20,000 files";
/** Bound of status: 0.5 s on a machine where sha256sum takes 0.345 s. */
const STATUS = 1.45;

/**
 * Measures merge, collect and status of 10,000 shards of 100 toys, made without fitting but with true records; all
 * checks are on.
 */
export async function mergeLines(binary: string, nextstat: string, scratch: string): Promise<BenchLine[]> {
  const dir = join(scratch, "shards10000");
  await makeShards(dir, 10_000, 100);
  const names = (kind: string) => Array.from({ length: 10_000 }, (_, i) => join(dir, `shard_${i}.${kind}.json`));
  const theirs = ["unbinned-merge-toys", "-o", join(scratch, "theirs.json"), ...names("out")];
  const sums = ["/usr/bin/sha256sum", ...names("out"), ...names("metrics")];
  const merge = await inPairs(ROUNDS, () => measure([binary, "merge", dir]), () => measure([nextstat, ...theirs]));
  const collect = await inPairs(ROUNDS, () => measure([binary, "collect", dir]), () => measure(sums));
  const status = await inPairs(ROUNDS, () => measure([binary, "status", dir]), () => measure(sums));
  const ten = join(scratch, "shards_ten_times");
  await makeShards(ten, 1000, 10_000);
  const large = await measure([binary, "merge", ten]);
  const how = "10,000 shards × 100 toys";
  const memory = (of: MeasuredPair) => of.first.max_rss_mib / of.second.max_rss_mib;
  const mib = ({ max_rss_mib }: MeasuredPair["first"]) => `${max_rss_mib.toFixed(0)} MiB`;
  return [
    line("merge", merge.ratio, 1, "×", `${how}: ${words(merge, "nextstat unbinned-merge-toys")}`),
    line("merge, memory", memory(merge), 0.5, "×", `${how}: ${mib(merge.first)}; nextstat ${mib(merge.second)}`),
    line(
      "merge, memory at ten times the toys",
      large.max_rss_mib / merge.first.max_rss_mib,
      9,
      "×",
      `1,000 shards × 10,000 toys: ${mib(large)}`,
    ),
    line("collect", collect.ratio, 2.2, "×", `${how}: ${words(collect, SUMS)}`),
    line("status", status.ratio, STATUS, "×", `${how}, all committed: ${words(status, SUMS)}`),
  ];
}

const words = ({ first, second }: MeasuredPair, other: string) =>
  `${first.wall_s.toFixed(2)} s; ${other} ${second.wall_s.toFixed(2)} s`;

/** Returns one line of the table. */
export function line(what: string, measured: number, at_most: number | null, unit: string, how: string): BenchLine {
  return { what, measured, at_most, unit, how };
}
