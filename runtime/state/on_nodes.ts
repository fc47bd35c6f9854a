import type { ShardOnNode } from "../../core/faulty_nodes.ts";
import { attemptHost } from "../../core/record.ts";
import { isEnded } from "../../core/shard_states.ts";
import type { Run } from "../run/load_manifest.ts";
import type { QueriedScheduler } from "../scheduler/query.ts";
import { readAttempts } from "../shard/attempts.ts";
import { lastEnd } from "./logs.ts";
import type { ScannedShard } from "./scan.ts";

/**
 * Returns a shard with its node, by the scheduler's name for it, its earlier attempts without a result, and how often in
 * a row it has ended in the same way.
 */
export function shardOnNode(
  { dir }: Run,
  { plan, state, why, fault, host, attempts, last: newest }: ScannedShard,
  answer: QueriedScheduler | null,
): ShardOnNode & { times: number } {
  const all = attempts.length > 1 ? readAttempts(dir, plan.shard_index, attempts) : newest ? [newest] : [];
  const { last, times } = lastEnd(isEnded(state) ? all : []);
  const node = answer?.shards.get(plan.shard_index)?.native?.host ?? host;
  const earlier = all.flatMap((one) =>
    one.end === null || one === last || one.end.cause === "ok"
      ? []
      : { node: attemptHost(one), cause: one.end.cause, at_utc: one.end.finished_at_utc }
  );
  const at_utc = newest && (newest.end?.finished_at_utc ?? newest.started_at_utc);
  return {
    ...{ shard: plan.shard_index, state, why, fault: fault ?? null, node, cause: last?.end?.cause ?? null, at_utc },
    ...{ times, earlier },
  };
}
