import { join } from "node:path";
import { makeShards } from "../make_shards.ts";
import { inTurn, measure } from "./measure.ts";
import type { BenchLine } from "./line.ts";

/** merge and collect of 10,000 shards of 100 toys, made without fitting, with true records; all checks are on. */
export async function mergeLines(binary: string, nextstat: string, scratch: string): Promise<BenchLine[]> {
  const dir = join(scratch, "shards10000");
  await makeShards(dir, 10_000, 100);
  const outs = Array.from({ length: 10_000 }, (_, i) => join(dir, `shard_${i}.out.json`));
  const merged = join(scratch, "theirs.json");
  const [ours, theirs, collect] = await inTurn(3, [
    () => measure([binary, "merge", dir]),
    () => measure([nextstat, "unbinned-merge-toys", "-o", merged, ...outs]),
    () => measure([binary, "collect", dir]),
  ]);
  const ten = join(scratch, "shards_ten_times");
  await makeShards(ten, 1000, 10_000);
  const large = await measure([binary, "merge", ten]);
  if (!ours || !theirs || !collect) return [];
  const how = "10,000 shards × 100 toys";
  return [
    line(
      "merge",
      ours.wall_s / theirs.wall_s,
      1,
      "×",
      `${how}: ${ours.wall_s.toFixed(2)} s; nextstat unbinned-merge-toys ${theirs.wall_s.toFixed(2)} s`,
    ),
    line("merge, memory", ours.max_rss_mib, 300, "MiB", `${how}; nextstat ${theirs.max_rss_mib.toFixed(0)} MiB`),
    line(
      "merge, memory at ten times the toys",
      large.max_rss_mib / ours.max_rss_mib,
      9,
      "×",
      `1,000 shards × 10,000 toys: ${large.max_rss_mib.toFixed(0)} MiB`,
    ),
    line("collect", collect.wall_s, 0.9, "s", how),
  ];
}

export function line(what: string, measured: number, at_most: number | null, unit: string, how: string): BenchLine {
  return { what, measured, at_most, unit, how };
}
