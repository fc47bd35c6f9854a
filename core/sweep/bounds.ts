/** Between what a makespan must lie, in seconds. */
interface Bounds {
  least_s: number;
  most_s: number;
}

/**
 * What the longest shard tells of a run's makespan. The run took at least as long as its longest shard. And while
 * shards wait, every slot begins a new one at least every `longest_s`, so the last one has begun after
 * ceil(shards / slots) - 1 such times: that is the most, as long as no slot stood idle while shards waited (Graham 1969,
 * list scheduling).
 */
export function makespanBounds(shards: number, slots: number, longest_s: number): Bounds {
  return { least_s: longest_s, most_s: Math.ceil(shards / slots) * longest_s };
}
