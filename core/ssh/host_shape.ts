import type { FarmHost } from "./hosts_file.ts";
import type { HostFacts } from "./host_facts.ts";

export const THREAD_POLICIES = ["physical", "logical", "auto", "nextstat-auto"] as const;

/** `--threads` for hosts: a word, or a number; 0 where nothing was said. */
export type ThreadPolicy = (typeof THREAD_POLICIES)[number] | number;

export interface HostShape {
  /** Threads of each shard there. */
  threads: number;
  /** Shards that run there at the same time. */
  slots: number;
}

/**
 * What a host is used for. Unless told otherwise one thread a shard on every physical core: two processes of one thread
 * fit more toys a second than one of two. `physical` (auto too) and `logical`, also nextstat's own choice, are one shard
 * with all those cores.
 */
export function hostShape(host: Pick<FarmHost, "threads">, facts: HostFacts, policy: ThreadPolicy): HostShape {
  const logical = Math.max(1, facts.cpus_allowed ?? facts.cpus_logical ?? 1);
  const physical = Math.max(1, Math.min(facts.cpus_physical ?? logical, logical));
  const wanted = host.threads ?? policy;
  if (wanted === "physical" || wanted === "auto") return { threads: physical, slots: 1 };
  if (wanted === "logical" || wanted === "nextstat-auto") return { threads: logical, slots: 1 };
  const threads = Math.max(1, wanted);
  return { threads, slots: Math.max(1, Math.floor(physical / threads)) };
}
