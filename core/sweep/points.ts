// @ts-types="@types/d3-array"
import { shuffler } from "d3-array";
// @ts-types="@types/d3-random"
import { randomLcg } from "d3-random";
import { FarmError } from "../errors.ts";

/** One run of a sweep: a shard count and the number of the repeat. */
export interface PlannedPoint {
  shards: number;
  repeat: number;
  run_id: string;
}

/** Golden ratio minus 1: its multiples spread over [0, 1), as randomLcg() starts alike for nearby seeds. */
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/**
 * Returns the runs of a sweep in the order of measurement: each repeat runs all shard counts once in shuffled order, so
 * that a drift of the pool's speed favours no count (randomised block design). The same seed gives the same order.
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

/** Returns `<sweep>_sh<shards>` as the old scripts do, with repeats `<sweep>_rep<r>_sh<shards>`. */
function pointId(sweep_id: string, shards: number, repeat: number, repeats: number): string {
  return repeats === 1 ? `${sweep_id}_sh${shards}` : `${sweep_id}_rep${repeat}_sh${shards}`;
}

/** Reads `50,100,200`. @throws {FarmError} usage, if the text is no list of whole numbers or has duplicates */
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
