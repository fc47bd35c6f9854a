// @ts-types="@types/d3-array"
import { quantile } from "d3-array";
import { doneShards, type RunFacts } from "../../run_facts.ts";
import { shortDuration } from "../../format.ts";
import { type Figure, markLines } from "../plot.ts";
import { histogram } from "./histogram.ts";

/** How long shards took, and their tail. */
export function shardTimes(run: RunFacts): Figure | null {
  const walls = doneShards(run).flatMap(({ wall_s }) => wall_s ?? []);
  const [middle, high] = [quantile(walls, 0.5), quantile(walls, 0.95)];
  if (middle === undefined || high === undefined) return null;
  const longest = walls.reduce((a, b) => Math.max(a, b), 0);
  return {
    name: "shard_times",
    title: "Time of a shard",
    caption: `Median ${shortDuration(middle)}, 95 % within ${shortDuration(high)}, the longest ${
      shortDuration(longest)
    } (${(longest / middle).toFixed(2)} times the median): max_shard_elapsed_s, not the makespan.`,
    svg: histogram({
      label: "Histogram of the shards' wall times",
      x_label: "wall time of a shard (s)",
      y_label: "shards",
      values: Float64Array.from(walls),
      colour: "accent",
      marks: (frame, x) =>
        markLines(frame, x, [
          { value: middle, words: "median", colour: "ink" },
          { value: longest, words: "longest", colour: "second" },
        ]),
    }),
  };
}
