import type { HostShare, SweepSummary } from "../contracts/sweep_summary.ts";
import { doneShards, type RunFacts, type ShardFacts, sumOf } from "../run_facts.ts";

/** What each host did over these runs, the one with the most toys first. */
export function hostShares(runs: readonly RunFacts[]): HostShare[] {
  const hosts = Map.groupBy(runs.flatMap(doneShards).filter((shard) => shard.host !== null), ({ host }) => host ?? "");
  return [...hosts].map(([host, shards]) => hostShare(host, shards)).sort((a, b) => b.n_toys - a.n_toys);
}

function hostShare(host: string, shards: readonly ShardFacts[]): HostShare {
  const n_toys = shards.reduce((sum, shard) => sum + shard.n_toys, 0);
  const wall = sumOf(shards.map((shard) => shard.wall_s));
  return {
    host,
    cpu_model: shards.find((shard) => shard.cpu_model !== null)?.cpu_model ?? null,
    cpus: shards.find((shard) => shard.cpus !== null)?.cpus ?? null,
    n_shards: shards.length,
    n_toys,
    toys_per_slot_s: wall !== null && wall > 0 ? n_toys / wall : null,
  };
}

/** CPU models with their hosts and CPUs, the most hosts first. */
export function cpuModels(hosts: readonly HostShare[]): SweepSummary["environment"]["cpu_models"] {
  const models = Map.groupBy(hosts.filter(({ cpu_model }) => cpu_model !== null), ({ cpu_model }) => cpu_model ?? "");
  return [...models].map(([cpu_model, all]) => ({
    cpu_model,
    hosts: all.length,
    cpus: sumOf(all.map(({ cpus }) => cpus)),
  })).sort((a, b) => b.hosts - a.hosts);
}
