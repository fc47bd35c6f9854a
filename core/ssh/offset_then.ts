import type { Attempt } from "../contracts/attempt.ts";
import type { ShardRecord } from "../contracts/shard_record.ts";

/** A host may answer late, but begins nothing before it was sent, nor this long afterwards; seconds. */
const [EARLIEST_S, LATEST_S] = [-2, 600];

/**
 * The offset of a host's clock that its driver measured when it connected; null where the clock of one of them was set
 * since: the attempt would have begun before it was sent, or long after.
 */
export function offsetThen(
  { remote, started_at_utc }: Pick<Attempt, "remote" | "started_at_utc">,
  there: Pick<ShardRecord, "started_at_utc">,
): number | null {
  const offset_s = remote?.clock_offset_s ?? null;
  if (offset_s === null) return null;
  const late_s = (Date.parse(there.started_at_utc) - Date.parse(started_at_utc)) / 1000 - offset_s;
  return late_s >= EARLIEST_S && late_s <= LATEST_S ? offset_s : null;
}
