import assert from "node:assert/strict";
import { describeLimits, type ProbedLimits, suggestShards } from "../../core/describe_limits.ts";

const partition = { name: "main", state: "up", nodes: 2, cpus: 8, memory_mb: 4000, time_limit: "1-00:00:00" };
const SLURM: ProbedLimits = {
  max_array_size: 1001,
  max_submit_jobs: null,
  accounting: false,
  version: "24.11.5",
  places: [partition, { ...partition, name: "debug", nodes: 1, cpus: 4, time_limit: null }],
};

Deno.test("golden: limits and places as preflight shows them", () => {
  assert.equal(
    describeLimits("slurm", SLURM),
    `slurm 24.11.5
  largest array          1001
  jobs of one user       no limit
  accounting             off; nothing here needs it
  main                   up, 2 nodes, 8 CPUs, 4000 MB, at most 1-00:00:00
  debug                  up, 1 node, 4 CPUs, 4000 MB
  shards to begin with: --shards 24 (3 for each of 8 CPUs)`,
  );
});

Deno.test("what could not be asked is unknown, which is not the same as no limit", () => {
  assert.equal(
    describeLimits("slurm", {}),
    `slurm (version unknown)
  largest array          unknown
  jobs of one user       unknown
  accounting             unknown
  shards to begin with: no CPUs are seen`,
  );
});

Deno.test("partitions share their nodes, so the largest counts; single machines add up", () => {
  assert.equal(suggestShards(SLURM).shards, 24);
  const machine = { ...partition, nodes: 1 };
  assert.equal(suggestShards({ places: [machine, { ...machine, name: "e2", cpus: 4 }] }).shards, 36);
  assert.equal(suggestShards({ places: [{ ...machine, cpus: null }] }).shards, null);
});
