// @ts-types="@types/d3-array"
import { shuffler } from "d3-array";
// @ts-types="@types/d3-random"
import { randomLcg } from "d3-random";
import { FarmError } from "../errors.ts";

/** One run of a sweep: this many shards, for the r-th time. */
export interface PlannedPoint {
  shards: number;
  repeat: number;
  run_id: string;
}

/** Spreads whole numbers evenly over [0, 1): of seeds that are close, a congruential generator begins alike. */
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/**
 * The runs of a sweep in the order in which they are measured: every repeat is a round over all shard counts, each round
 * shuffled for itself, so that a drift of the pool's speed favours none (a randomised block design). The same seed gives
 * the same order.
 * @param counts shard counts, each once
 */
export function planPoints(
  sweep_id: string,
  counts: readonly number[],
  repeats: number,
  order_seed: number,
): PlannedPoint[] {
  const shuffle = shuffler(randomLcg(order_seed * GOLDEN % 1));
  return Array.from({ length: repeats }, (_, i) => i + 1).flatMap((repeat) =>
    shuffle([...counts]).map((shards) => ({ shards, repeat, run_id: pointId(sweep_id, shards, repeat, repeats) }))
  );
}

/** `<sweep>_sh<shards>` as the old scripts name them, and with repeats `<sweep>_rep<r>_sh<shards>`. */
function pointId(sweep_id: string, shards: number, repeat: number, repeats: number): string {
  return repeats === 1 ? `${sweep_id}_sh${shards}` : `${sweep_id}_rep${repeat}_sh${shards}`;
}

/**
 * Reads `50,100,200`.
 * @throws {FarmError} usage, for what is no list of whole numbers, or names one twice
 */
export function readShardsList(text: string): number[] {
  const words = text.split(",").map((word) => word.trim());
  const bad = (why: string) =>
    new FarmError("usage", `Cannot use --shards-list "${text}": ${why}`, "Give shard counts like 50,100,200");
  const counts = words.map((word) => {
    const count = Number(word);
    if (!/^\d+$/.test(word) || !Number.isSafeInteger(count) || count < 1) {
      throw bad(`"${word}" is no number of shards, wanted 1 or more`);
    }
    return count;
  });
  const twice = counts.find((count, i) => counts.indexOf(count) !== i);
  if (twice !== undefined) throw bad(`${twice} is there twice; --repeats runs each count several times`);
  return counts;
}
