import type { RunFacts, ShardFacts } from "../../../core/run_facts.ts";
import { runTimes } from "../../../core/run_times.ts";
import { UNKNOWN_SHARD } from "../../../core/shard_facts.ts";

const BEGIN_MS = Date.UTC(2026, 10, 24, 18);

/** One shard of a made-up run; seconds count from the run's first submission. */
interface SampleShard {
  n_toys: number;
  /** Start and end; without both the shard is not done. */
  start_s?: number;
  end_s?: number;
  fit_s?: number;
  host?: string;
  load?: number;
  why?: string;
}

export interface SampleRun {
  run_id?: string;
  scheduler?: string;
  shards: SampleShard[];
  is_old?: boolean;
}

/** Returns the facts of a made-up run. */
export function sampleFacts({ run_id = "r", scheduler = "slurm", shards, is_old = false }: SampleRun): RunFacts {
  let toy_start = 0;
  const facts = shards.map((shard, i) => {
    const one = shardFacts(shard, i, toy_start, is_old);
    toy_start += shard.n_toys;
    return one;
  });
  const attempts = facts.flatMap(({ span, wall_s, ...rest }) =>
    span ? [{ ...rest, ...span, is_committed: true, scheduler, clock_offset_s: 0, wall_s }] : []
  );
  const submissions = [{ at_ms: BEGIN_MS, shards: facts.map((shard) => shard.shard_index) }];
  const elapsed_s = is_old ? facts.flatMap(({ wall_s }) => wall_s ?? []) : [];
  return {
    run_id,
    run_dir: `/runs/${run_id}`,
    is_old,
    scheduler,
    created_at_utc: new Date(BEGIN_MS).toISOString(),
    n_toys: toy_start,
    seed: 42,
    threads: "1",
    nextstat_version: is_old ? null : "0.10.1",
    environment: null,
    times: runTimes({ attempts, lost_attempts: 0, submissions, elapsed_s }),
    shards: facts,
    failed_attempts: [],
    has_pulls: true,
    recovered: [],
    workload: "",
    unused_hosts: [],
    result: [],
    submitted_ms: is_old ? null : BEGIN_MS,
    toys: null,
    merged_check: { state: "absent", guardrails_passed: null, findings: [] },
    fits: null,
  };
}

function shardFacts(shard: SampleShard, shard_index: number, toy_start: number, is_old: boolean): ShardFacts {
  const { n_toys, start_s, end_s, host = "n1", fit_s, load = 1, why } = shard;
  if (start_s === undefined || end_s === undefined) {
    return { ...UNKNOWN_SHARD, shard_index, toy_start, n_toys, state: "failed", why: why ?? null };
  }
  const wall_s = Math.round((end_s - start_s) * 1000) / 1000;
  const known = {
    shard_index,
    toy_start,
    n_toys,
    state: "done",
    host,
    wall_s,
    n_converged: n_toys,
    n_error: 0,
  } as const;
  if (is_old) return { ...UNKNOWN_SHARD, ...known };
  return {
    ...UNKNOWN_SHARD,
    ...known,
    cause: "ok",
    cpu_model: `CPU of ${host}`,
    cpus: 2,
    kernel: "6.12.0",
    span: { host, slot: null, started_ms: BEGIN_MS + start_s * 1000, finished_ms: BEGIN_MS + end_s * 1000 },
    fit_s: fit_s ?? wall_s - 0.1,
    cpu_s: wall_s,
    max_rss_bytes: 50 * 2 ** 20,
    load_start: load,
  };
}

/** Returns `shards` equal shards in waves on `slots`, each `wall_s` long with `n_toys` toys, on hosts in turn. */
export function inWaves(shards: number, slots: number, wall_s: number, n_toys: number, hosts = ["n1"]): SampleShard[] {
  return Array.from({ length: shards }, (_, i) => {
    const start_s = Math.floor(i / slots) * wall_s;
    return { n_toys, start_s, end_s: start_s + wall_s, host: hosts[i % slots % hosts.length] ?? "n1" };
  });
}
