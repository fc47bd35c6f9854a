import type { PoolNode, PoolSnapshot, Sweep } from "../schema/sweep.ts";
import { SWEEP_SUMMARY_SCHEMA, type SweepSummary } from "../schema/sweep_summary.ts";
import { interpret, ranked } from "./interpret.ts";
import { byCount, contentionOf, cpuModels, hostShares, tailOf } from "./measures.ts";
import { planFromSweep, type PointFacts, summarisePoint } from "./point_summary.ts";

/**
 * Returns the summary of a sweep from its document and the directories of its runs.
 * @param slots number of slots in the pool, if known; used for runs without known times
 */
export function summariseSweep(sweep: Sweep, facts: readonly PointFacts[], slots: number | null): SweepSummary {
  const plan = planFromSweep(facts);
  const predicted = new Map(
    [...new Set(facts.map(({ shards }) => shards))].map((
      shards,
    ) => [shards, plan?.predicted(shards, sweep.n_toys) ?? null]),
  );
  const measured = facts.map((point) => summarisePoint(point, predicted.get(point.shards) ?? null));
  const points = measured.toSorted((a, b) => a.shards - b.shards || a.repeat - b.repeat);
  const counts = byCount(points);
  const runs = facts.flatMap((point) => point.facts ?? []);
  const hosts = hostShares(runs);
  const middle = middleRun(counts, points);
  const tail_run = runs.find(({ run_id }) => run_id === middle);
  const tail = tail_run ? tailOf(tail_run) : null;
  const figures = { counts, points, hosts, contention: contentionOf(runs), tail, slots, plan };
  return {
    schema_version: SWEEP_SUMMARY_SCHEMA,
    sweep_id: sweep.sweep_id,
    scheduler: sweep.scheduler,
    config: sweep.config,
    n_toys: sweep.n_toys,
    seed: sweep.seed,
    threads: `${sweep.threads}`,
    runs: counts,
    points,
    environment: {
      nextstat_versions: distinct(runs.map((run) => run.nextstat_version)),
      rustc_versions: distinct(runs.map((run) => run.environment?.rustc_version)),
      kernels: distinct(runs.flatMap((run) => run.shards.map(({ kernel }) => kernel))),
      cpu_models: cpuModels(hosts),
      load_start: measured[0]?.load_start ?? null,
      load_end: measured.at(-1)?.load_end ?? null,
      pool_before: poolOf(facts[0]?.record?.before),
      pool_after: poolOf(facts.at(-1)?.record?.after),
    },
    hosts,
    interpretation: interpret(figures),
  };
}

/** Returns null if the scheduler has no pool, or did not answer. */
function poolOf(snapshot: PoolSnapshot | null | undefined): SweepSummary["environment"]["pool_before"] {
  if (!snapshot?.nodes) return null;
  const sum = (of: (node: PoolNode) => number | null) =>
    snapshot.nodes?.reduce((n, node) => n + (of(node) ?? 0), 0) ?? 0;
  return { cpus: sum((node) => node.cpus), cpus_busy: sum((node) => node.cpus_busy) };
}

const distinct = (values: readonly (string | null | undefined)[]): string[] => [
  ...new Set(values.flatMap((value) => value ?? [])),
];

/** Returns the run of the fastest count with the median makespan. */
function middleRun(counts: SweepSummary["runs"], points: SweepSummary["points"]): string | undefined {
  const shards = ranked(counts)[0]?.count.shards;
  const runs = points.filter((point) => point.shards === shards && point.makespan_s !== null)
    .sort((a, b) => (a.makespan_s ?? 0) - (b.makespan_s ?? 0));
  return runs[Math.floor((runs.length - 1) / 2)]?.run_id;
}
