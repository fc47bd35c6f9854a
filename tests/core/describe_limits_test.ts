import assert from "node:assert/strict";
import { describeLimits, describeMachine, suggest, suggestedFlags } from "../../core/describe_limits.ts";
import type { SchedulerLimits } from "../../core/schema/scheduler.ts";

const partition = { name: "main", state: "up", nodes: 2, cpus: 8, memory_mb: 4000, time_limit: "1-00:00:00" };
const SLURM: SchedulerLimits = {
  max_array_size: 1001,
  max_submit_jobs: null,
  accounting: false,
  version: "24.11.5",
  places: [partition, { ...partition, name: "debug", nodes: 1, cpus: 4, time_limit: null }],
};

Deno.test("golden: limits and places as preflight shows them", () => {
  assert.equal(
    describeLimits("slurm", SLURM, "slurm-throttle"),
    `slurm 24.11.5
  largest array          1001
  jobs of one user       no limit
  accounting             off (not needed)
  main                   up, 2 nodes, 8 CPUs, 4000 MB a node, at most 1-00:00:00
  debug                  up, 1 node, 4 CPUs, 4000 MB
  to begin with          --shards 24 (3 for each of 8 CPUs)`,
  );
});

Deno.test("a limit that could not be queried is unknown, not absent", () => {
  assert.equal(
    describeLimits("slurm", {}, undefined),
    `slurm (version unknown)
  largest array          unknown
  jobs of one user       unknown
  accounting             unknown
  to begin with          nothing to suggest: no CPUs are seen`,
  );
});

const place = (name: string, cpus: number, state = "up", nodes = 2) => ({
  ...{ name, state, nodes, cpus },
  memory_mb: 4000,
  time_limit: null,
});

Deno.test("three shards are suggested for each CPU of the largest open partition, whose nodes the others share", () => {
  const places = [place("main", 8), place("urgent", 4), place("old", 100, "down")];
  assert.deepEqual(suggest({ places }), {
    ...{ shards: 24, shards_per_job: 1, throttle: null },
    why: "3 for each of 8 CPUs",
  });
});

Deno.test("single machines add up", () => {
  assert.equal(suggest({ places: [place("e1", 2, "unclaimed", 1), place("e2", 4, "claimed", 1)] }).shards, 18);
});

Deno.test("several shards share a job if a user may have few jobs; the limit of another QOS does not count", () => {
  const submit_limits = [
    { account: null, partition: null, qos: null, max_submit_jobs: 10 },
    { account: null, partition: null, qos: "debug", max_submit_jobs: 1 },
  ];
  assert.equal(suggest({ places: [place("main", 8)], submit_limits }).shards_per_job, 3);
  assert.equal(suggest({ places: [place("main", 8)], max_submit_jobs: 24 }).shards_per_job, 1);
});

Deno.test("on a large cluster a throttle is suggested under the scheduler's own flag", () => {
  const limits = { places: [place("main", 5000)] };
  assert.equal(suggest(limits).throttle, 500);
  assert.match(
    describeLimits("slurm", limits, "slurm-throttle"),
    /--shards 1500 --slurm-throttle 500 \(3 for each of 500 of 5000 CPUs\)$/,
  );
});

Deno.test("without visible CPUs nothing is suggested, and unknown limits are called unknown", () => {
  assert.equal(suggest({}).shards, null);
  assert.match(
    describeLimits("slurm", {}, undefined),
    /largest array +unknown[^]*nothing to suggest: no CPUs are seen/,
  );
});

Deno.test("a node without configured memory is not shown with 1 MB", () => {
  const [bare, other] = [{ ...partition, memory_mb: 0 }, { ...partition, memory_mb: null }];
  assert.match(describeLimits("slurm", { places: [bare] }, undefined), /8 CPUs, memory not configured, at most/);
  assert.match(describeLimits("toy", { places: [other] }, undefined), /8 CPUs, at most/);
});

Deno.test("golden: preflight of this machine shows CPUs, memory and the default number of shards", () => {
  const here = { ...partition, name: "vm", nodes: 1, cpus: 2, time_limit: null };
  assert.equal(
    describeMachine("local", "0.1.0", here),
    `local, by nsfarm-deno 0.1.0
  vm                     up, 1 node, 2 CPUs, 4000 MB
  shards of a run        20 per CPU, of at least 10 toys each, unless --shards says otherwise`,
  );
});

Deno.test("a suggestion has flags with values, for a profile and for a user", () => {
  const limits = { places: [place("main", 5000)], max_submit_jobs: 500 };
  assert.deepEqual(suggestedFlags(suggest(limits), "slurm-throttle"), {
    ...{ shards: 1500, "shards-per-job": 3, "slurm-throttle": 500 },
  });
  assert.deepEqual(suggestedFlags(suggest({}), "slurm-throttle"), {});
});
