import { randomBytes } from "node:crypto";
import { ATTEMPT_SCHEMA } from "../../core/contracts/attempt.ts";
import { beginAttempt, removeAttempt } from "../shard/attempts.ts";
import type { ShardOrder } from "../work/place.ts";
import { readShard } from "../shard/read_shard.ts";
import type { Workbench } from "../shard/workbench.ts";
import { RemoteShard } from "./remote_shard.ts";

/**
 * Writes the attempt file of a shard that is to run on a host, before the host hears of it. Undefined when another
 * process has this attempt, or has committed the shard in the meantime.
 */
export function beginRemote(
  { run: { dir, manifest }, machine, ids }: Workbench,
  order: ShardOrder,
  host: string,
  clock_offset_s: number | null,
): RemoteShard | undefined {
  const open = beginAttempt(dir, {
    schema_version: ATTEMPT_SCHEMA,
    run_id: manifest.run_id,
    run_token: manifest.farm.run_token,
    attempt_token: `ssh-${randomBytes(8).toString("hex")}`,
    shard_index: order.plan.shard_index,
    attempt: order.attempt,
    wrapper: machine.process,
    fit: null,
    ...ids,
    slot: order.slot,
    started_at_utc: new Date().toISOString(),
    remote: { host, clock_offset_s },
    end: null,
  });
  if (!open) return undefined;
  if (readShard(dir, manifest, order.plan).kind !== "done") return new RemoteShard(order.plan, open);
  removeAttempt(open);
  return undefined;
}
