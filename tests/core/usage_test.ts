import assert from "node:assert/strict";
import fc from "fast-check";
import type { FarmManifest } from "../../core/schema/manifest.ts";
import type { RunTimes } from "../../core/schema/run_times.ts";
import { describeUsage, jobRequest, nextFlags, runUsage, type UsedShard } from "../../core/usage.ts";
import { HTCONDOR_OPTIONS } from "../../schedulers/htcondor/options.ts";
import local from "../../schedulers/local.ts";
import { SLURM_OPTIONS } from "../../schedulers/slurm/options.ts";
import { sampleManifest } from "../fixtures/run.ts";

const MIB = 2 ** 20;

const TIMES: RunTimes = {
  ...{ max_shard_elapsed_s: null, makespan_s: null, makespan_spread_s: null, turnaround_s: null, waves: null },
  ...{ toys_per_s: null, stretches: [], cpu_s: 7200, wasted_cpu_s: 0, failed_attempts: 0, lost_attempts: 0 },
};

/** A run on Slurm with these options. */
const slurmRun = (options: FarmManifest["farm"]["options"], farm: Partial<FarmManifest["farm"]> = {}) =>
  sampleManifest({ scheduler: "slurm", threads: 0, farm: { wrapper: "sh", ...farm, options } });

/** Shards of 100 to 100 + n - 1 seconds and MiB, each using one CPU. */
const shardsOf = (n: number): UsedShard[] =>
  Array.from({ length: n }, (_, i) => ({ wall_s: 100 + i, cpu_s: 100 + i, max_rss_bytes: (100 + i) * MIB }));

const OPTIONS = { "slurm-memory": "4G", "slurm-time": "10:00:00", "slurm-cpus-per-task": 4 };

function flagsOf(manifest: FarmManifest, shards: readonly UsedShard[], options = SLURM_OPTIONS) {
  const request = jobRequest(manifest, options);
  const usage = runUsage(shards, request, TIMES);
  return usage === null ? [] : nextFlags(usage, request);
}

Deno.test("requests are read from the options of the scheduler, by their roles and in their units", () => {
  const request = jobRequest(slurmRun({ ...OPTIONS, "shards-per-job": 3 }), SLURM_OPTIONS);
  assert.deepEqual(request, {
    memory: { name: "slurm-memory", mib: 4096 },
    time: { name: "slurm-time", s: 36_000 },
    cpus: { name: "slurm-cpus-per-task", n: 4 },
    ...{ cpus_per_shard: 4, shards_per_job: 3, wrapper_mib: 0 },
  });
  const condor = sampleManifest({ scheduler: "htcondor", farm: { wrapper: "binary", options: {} } });
  const { memory, time, cpus, wrapper_mib } = jobRequest(condor, HTCONDOR_OPTIONS);
  assert.deepEqual([memory?.mib, time?.s, cpus?.n, wrapper_mib], [1024, null, 1, 128]);
  for (const [text, mib] of [["1200", 1200], ["2g", 2048], ["1.5GiB", 1536], ["512KB", 0.5]] as const) {
    assert.equal(jobRequest(slurmRun({ "slurm-memory": text }), SLURM_OPTIONS).memory?.mib, mib);
  }
  assert.equal(jobRequest(slurmRun({ "slurm-time": "UNLIMITED" }), SLURM_OPTIONS).time?.s, null);
});

Deno.test("jobs that several shards share, and limits of plugins, are not compared with one shard", () => {
  const pilots = jobRequest(slurmRun(OPTIONS, { pilots: 2 }), SLURM_OPTIONS);
  assert.deepEqual([pilots.memory, pilots.time, pilots.cpus, pilots.cpus_per_shard], [null, null, null, 1]);
  const plugin = jobRequest(slurmRun(OPTIONS, { plugin: { sha256: "1a".repeat(32) } }), SLURM_OPTIONS);
  assert.deepEqual([plugin.memory, plugin.time?.s], [null, 36_000]);
  const here = jobRequest(
    sampleManifest({ threads: 2, farm: { options: { "local-time": "1:00:00" } } }),
    local.options,
  );
  assert.deepEqual([here.memory, here.time, here.cpus, here.cpus_per_shard], [null, null, null, 2]);
});

Deno.test("a run that requested much more than it used is told the flags for the next one, and how they are computed", () => {
  assert.deepEqual(flagsOf(slurmRun(OPTIONS), shardsOf(21)), [
    {
      flag: "--slurm-memory",
      value: "150M",
      why:
        "1.2 × the 95th percentile of 21 shards (119 MiB), at least the largest (120 MiB) + 5 %; requested: 4096 MiB",
    },
    {
      flag: "--slurm-time",
      value: "00:05:00",
      why:
        "1.2 × the 95th percentile of 21 shards (1 min 59 s), at least the largest (2 min 0 s) + 5 %, + 2 min 0 s; requested: 10:00:00",
    },
    { flag: "--slurm-cpus-per-task", value: "1", why: "95 % of shards used 1.00 CPUs or fewer; requested: 4" },
  ]);
  const [memory, time] = flagsOf(slurmRun({ ...OPTIONS, "shards-per-job": 4 }, { wrapper: "binary" }), shardsOf(21));
  assert.equal(memory?.value, "300M");
  assert.match(memory?.why ?? "", /, \+ 128 MiB for nsfarm-deno;/);
  assert.equal(time?.value, "00:12:00");
  assert.match(time?.why ?? "", /, × 4 shards per job, \+ 2 min 0 s;/);
});

Deno.test("the CPUs of the next run are those that 95 % of the shards used, rounded up", () => {
  const cpus = (share: number) =>
    flagsOf(slurmRun(OPTIONS), shardsOf(21).map((one) => ({ ...one, cpu_s: share * one.wall_s! }))).at(-1)?.value;
  assert.deepEqual([0.2, 1.05, 2.5].map(cpus), ["1", "1", "3"]);
});

Deno.test("no flag is below what a shard used, for however rare a shard", () => {
  const shards = [...shardsOf(40), { wall_s: 2000, cpu_s: 2000, max_rss_bytes: 2000 * MIB }];
  assert.deepEqual(flagsOf(slurmRun(OPTIONS), shards).map(({ value }) => value), ["2100M", "00:37:00", "1"]);
  const amount = fc.double({ min: 0.01, max: 1e5, noNaN: true });
  const anyShards = fc.array(fc.tuple(amount, amount), { minLength: 20, maxLength: 60 });
  fc.assert(fc.property(anyShards, (some) => {
    const used = some.map(([wall_s, mib]) => ({ wall_s, cpu_s: wall_s, max_rss_bytes: mib * MIB }));
    for (const { flag, value } of flagsOf(slurmRun({ ...OPTIONS, "slurm-time": "999:00:00" }), used)) {
      const [hours = 0, minutes = 0] = value.split(":").map(Number);
      if (flag === "--slurm-memory") assert.ok(Number.parseInt(value) >= Math.max(...some.map(([, mib]) => mib)));
      if (flag === "--slurm-time") {
        assert.ok(3600 * hours + 60 * minutes >= Math.max(...some.map(([wall_s]) => wall_s)));
      }
    }
  }));
});

Deno.test("too few shards, requests that fit, and a time that was not requested give no flag", () => {
  assert.deepEqual(flagsOf(slurmRun(OPTIONS), shardsOf(19)), []);
  assert.equal(flagsOf(slurmRun(OPTIONS), shardsOf(20)).length, 3);
  const fits = { "slurm-memory": "200M", "slurm-time": "7:00" };
  assert.deepEqual(flagsOf(slurmRun(fits), shardsOf(21)), []);
  assert.deepEqual(flagsOf(slurmRun({}), shardsOf(21)).map(({ flag }) => flag), ["--slurm-memory"]);
  const unknown = shardsOf(21).map((one) => ({ ...one, max_rss_bytes: null }));
  assert.deepEqual(flagsOf(slurmRun({}), unknown), []);
});

Deno.test("each value of advice is one that its option accepts", () => {
  for (
    const [options, request] of [[SLURM_OPTIONS, OPTIONS], [HTCONDOR_OPTIONS, {
      "condor-max-run-time": "600",
    }]] as const
  ) {
    const flags = flagsOf(slurmRun({ ...request, "condor-request-memory": "8GB" }), shardsOf(21), options);
    assert.ok(flags.length >= 2);
    for (const { flag, value } of flags) {
      const pattern = options.find(({ name }) => `--${name}` === flag)?.pattern ?? "\\d+";
      assert.match(value, new RegExp(`^(?:${pattern})$`));
    }
  }
});

Deno.test("what was used is told with what was requested, and what was wasted", () => {
  const request = jobRequest(slurmRun(OPTIONS), SLURM_OPTIONS);
  const times = { ...TIMES, wasted_cpu_s: 61, failed_attempts: 2, lost_attempts: 1 };
  const usage = runUsage(shardsOf(21), request, times);
  assert.ok(usage);
  assert.deepEqual(describeUsage(usage), [
    "  memory   95 % of shards within 119 MiB, largest 120 MiB; requested 4096 MiB per job",
    "  time     95 % of shards within 1 min 59 s, largest 2 min 0 s; requested 10 h 0 min per job",
    "  CPUs     95 % of shards within 1, largest 1; requested 4 per shard",
    "  CPU time 2 h 0 min in results, efficiency 25 %; 1 min 1 s wasted in 2 failed or superseded attempts; unknown for 1 lost attempt",
  ]);
  assert.equal(runUsage([], request, times), null);
});

Deno.test("what no record has is left out", () => {
  const nothing = { wall_s: null, cpu_s: null, max_rss_bytes: null };
  const usage = runUsage([nothing, ...shardsOf(2)], jobRequest(slurmRun({}), SLURM_OPTIONS), TIMES);
  assert.equal(usage?.cpu_efficiency, null, "an efficiency of some shards is not that of the run");
  const none = runUsage([nothing], jobRequest(slurmRun({}), SLURM_OPTIONS), { ...TIMES, cpu_s: 0 });
  assert.deepEqual(none && describeUsage(none), ["  CPU time 0.0 s in results"]);
});
