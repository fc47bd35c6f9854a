import { beginShard } from "../shard/begin_shard.ts";
import { randomBytes } from "node:crypto";
import type { ShardOrder } from "../work/place.ts";
import type { Workbench } from "../shard/workbench.ts";
import { RemoteShard } from "./remote_shard.ts";

/**
 * Writes the attempt file of a shard that is to run on a host, before the host hears of it. Undefined when another
 * process has this attempt, or has committed the shard in the meantime.
 */
export function beginRemote(
  bench: Workbench,
  order: ShardOrder,
  host: string,
  clock_offset_s: number | null,
): RemoteShard | undefined {
  const attempt_token = `ssh-${randomBytes(8).toString("hex")}`;
  const open = beginShard(bench, order, { attempt_token, remote: { host, clock_offset_s } });
  return open && new RemoteShard(order.plan, open);
}
