import type { Attempt } from "./contracts/attempt.ts";
import type { ShardRecord } from "./contracts/shard_record.ts";

/** Returns where an attempt runs or ran, by one name from its start on: that of the hosts file, else its scheduler's. */
export function attemptHost({ remote, host, end, wrapper }: Attempt): string {
  return remote?.host ?? host ?? end?.host ?? wrapper.host;
}

/** The same of a committed shard. */
export function recordHost({ scheduler, slot, host }: Pick<ShardRecord, "scheduler" | "slot" | "host">): string {
  return scheduler === "ssh" && slot !== null ? slot.replace(/:\d+$/, "") : host;
}
