import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { jobIds } from "../../../runtime/shard/context.ts";
import { withTime } from "../../../runtime/shard/job.ts";
import { jobTimeLeft_ms, localShape, pilotShape, threadsOf } from "../../../runtime/system/allocation.ts";
import { root } from "../../../scripts/tools.ts";
import { sampleManifest } from "../../fixtures/run.ts";
import { inFolder } from "../../support/scratch.ts";

const JOB_VARIABLES = [
  "SLURM_JOB_END_TIME",
  "SLURM_CPUS_PER_TASK",
  "SLURM_JOB_ID",
  "SLURM_CPUS_ON_NODE",
  "_CONDOR_MACHINE_AD",
  ...["SLURM_ARRAY_JOB_ID", "SLURM_ARRAY_TASK_ID", "NSFARM_CONDOR_CLUSTER", "NSFARM_CONDOR_PROC", "NSFARM_TOKEN"],
  ...["TOY_JOB", "TOY_CPUS"],
];

/** Runs something as in a job with these variables and no other ones of a job. */
function inJob<T>(variables: Record<string, string>, work: () => T): T {
  const before = JOB_VARIABLES.map((name) => [name, Deno.env.get(name)] as const);
  for (const name of JOB_VARIABLES) Deno.env.delete(name);
  for (const [name, value] of Object.entries(variables)) Deno.env.set(name, value);
  try {
    return work();
  } finally {
    for (const [name, value] of before) value === undefined ? Deno.env.delete(name) : Deno.env.set(name, value);
  }
}

const threads = (variables: Record<string, string>, requested = 0) =>
  inJob(variables, () => threadsOf(sampleManifest({ threads: requested })));

const cpus = navigator.hardwareConcurrency;

for (
  const [what, variables, wanted] of [
    ["no job: the CPUs that this process may use", {}, cpus],
    ["a Slurm job of three CPUs", { SLURM_JOB_ID: "7", SLURM_CPUS_PER_TASK: "3", SLURM_CPUS_ON_NODE: "64" }, 3],
    ["a Slurm job that asked for no CPUs: what it has on the node", { SLURM_JOB_ID: "7", SLURM_CPUS_ON_NODE: "5" }, 5],
    ["a node's number of CPUs outside of a job", { SLURM_CPUS_ON_NODE: "64" }, cpus],
    ["a variable that is no number", { SLURM_CPUS_PER_TASK: "many" }, cpus],
    ["no CPUs at all", { SLURM_CPUS_PER_TASK: "0" }, cpus],
    ["a machine ad that is not there", { _CONDOR_MACHINE_AD: "/none" }, cpus],
  ] satisfies [string, Record<string, string>, number][]
) {
  Deno.test(`--threads 0 with ${what}`, () => assert.equal(threads(variables), wanted));
}

Deno.test("--threads 0 in an HTCondor job is the slot's CPUs, not the machine's", () =>
  inFolder(async (folder) => {
    const ad = join(folder, "ad");
    await writeFile(ad, "TotalCpus = 64.0\nDetectedCpus = 64\nCpus = 2\nTotalSlotCpus = 2\n");
    assert.equal(threads({ _CONDOR_MACHINE_AD: ad }), 2);
  }));

Deno.test("a requested number of threads is kept, whatever the job has", () => {
  assert.equal(threads({ SLURM_CPUS_PER_TASK: "3" }, 8), 8);
});

const canPin = await new Deno.Command("taskset", { args: ["-c", "0", "true"] }).output().then(
  ({ success }) => success,
  () => false,
);

Deno.test({
  name: `--threads 0 is what the affinity mask allows${
    canPin ? "" : " (left out: taskset is not there, or cannot pin to CPU 0)"
  }`,
  ignore: !canPin,
  fn: () =>
    inFolder(async (folder) => {
      const script = join(folder, "threads.ts");
      const [allocation, sample] = ["runtime/system/allocation.ts", "tests/fixtures/run.ts"].map((path) =>
        pathToFileURL(join(root, path)).href
      );
      await writeFile(
        script,
        `import { threadsOf } from ${JSON.stringify(allocation)};
import { sampleManifest } from ${JSON.stringify(sample)};
console.log(threadsOf(sampleManifest({ threads: 0 })));`,
      );
      const args = [
        "-c",
        "0",
        Deno.execPath(),
        "run",
        "-A",
        "--no-check",
        "--no-lock",
        "--config",
        join(root, "deno.json"),
        script,
      ];
      const { stdout, stderr } = await new Deno.Command("taskset", { args, env: { SLURM_CPUS_PER_TASK: "" } }).output();
      assert.equal(new TextDecoder().decode(stdout).trim(), "1", new TextDecoder().decode(stderr));
    }),
});

Deno.test("a worker loop on this machine has a slot for each CPU, fewer where shards have several threads", () => {
  const shape = (threads: number, options: Record<string, number | string> = {}, requested: number | null = null) =>
    localShape(sampleManifest({ threads, farm: { options } }), requested);
  assert.deepEqual(shape(0), { slots: cpus, threads: 1, time_limit_s: null });
  assert.deepEqual(shape(1), { slots: cpus, threads: 1, time_limit_s: null });
  assert.deepEqual(shape(10 * cpus), { slots: 1, threads: 10 * cpus, time_limit_s: null });
  assert.deepEqual(shape(1, { "local-slots": 7, "local-time": "01:00" }), { slots: 7, threads: 1, time_limit_s: 60 });
  assert.equal(shape(1, { "local-slots": 7 }, 3).slots, 3);
});

Deno.test("a plain HTCondor job knows the end of its time as a pilot does, and a Slurm job too", () => {
  const limited = sampleManifest({ farm: { options: { "condor-max-run-time": "01:00:00" } } });
  const left_s = (variables: Record<string, string>) => {
    const left_ms = inJob(variables, () => jobTimeLeft_ms(limited));
    return left_ms === null ? null : Math.round((left_ms + performance.now()) / 1000);
  };
  assert.equal(left_s({ _CONDOR_MACHINE_AD: "/none" }), 3600);
  assert.equal(left_s({}), null);
  const end = Math.round(Date.now() / 1000) + 600;
  assert.ok(Math.abs((inJob({ SLURM_JOB_END_TIME: `${end}` }, () => jobTimeLeft_ms(limited)) ?? 0) - 600_000) < 60_000);
  const { ends_at_ms } = inJob({ _CONDOR_MACHINE_AD: "/none" }, () => pilotShape(limited, 1));
  assert.equal(Math.round(ends_at_ms ?? 0), 3_595_000);
});

Deno.test("a plugin's scheduler gives CPUs and end of time by the variables that its run keeps", () => {
  const in_job = {
    job_id: ["TOY_JOB"],
    cpus: [{ variable: "TOY_CPUS", with: "TOY_JOB" }],
    ends_at: [{ option: "toy-time", with: "TOY_JOB" }],
  };
  const manifest = sampleManifest({
    threads: 0,
    scheduler: "toy",
    farm: { in_job, options: { "toy-time": "01:00:00" } },
  });
  const inToyJob = <T>(work: () => T) => inJob({ TOY_JOB: "7", TOY_CPUS: "3", SLURM_CPUS_PER_TASK: "64" }, work);
  assert.equal(inToyJob(() => threadsOf(manifest)), 3);
  assert.equal(inToyJob(() => pilotShape(manifest, null).slots), 3);
  assert.equal(Math.round((inToyJob(() => jobTimeLeft_ms(manifest)) ?? 0) / 60_000), 60);
  assert.deepEqual(inToyJob(() => jobIds(manifest, "t")), {
    scheduler: "toy",
    job_id: "7",
    task_id: null,
    submission_token: "t",
  });
  assert.equal(inJob({ TOY_CPUS: "3" }, () => jobTimeLeft_ms(manifest)), null);
});

Deno.test("a run of an earlier version, which keeps no variables, uses those of its scheduler", () => {
  const manifest = sampleManifest({ scheduler: "htcondor" });
  assert.equal(manifest.farm.in_job, undefined);
  const ids = inJob(
    { NSFARM_CONDOR_CLUSTER: "5", NSFARM_CONDOR_PROC: "2", SLURM_JOB_ID: "9" },
    () => jobIds(manifest, null),
  );
  assert.deepEqual([ids.scheduler, ids.job_id, ids.task_id], ["htcondor", "5", "2"]);
});

Deno.test("a shard of a local run that is run by hand in a Slurm job has that job's ids", () => {
  const variables = { SLURM_JOB_ID: "9", SLURM_ARRAY_JOB_ID: "8", SLURM_ARRAY_TASK_ID: "3" };
  const ids = inJob(variables, () => jobIds(sampleManifest({ scheduler: "local" }), null));
  assert.deepEqual([ids.scheduler, ids.job_id, ids.task_id], ["slurm", "8", "3"]);
  const none = inJob({}, () => jobIds(sampleManifest({ scheduler: "local" }), null));
  assert.deepEqual([none.scheduler, none.job_id], ["local", null]);
});

Deno.test("a stop near the end of the job's time is a time-out; an earlier one keeps its own reason", () => {
  const reason = (left_ms: number | null) => {
    const stop = new AbortController();
    const passed = withTime(stop.signal, left_ms);
    stop.abort("terminated");
    return passed.reason;
  };
  assert.deepEqual([4000, 3_600_000, null].map(reason), ["time", "terminated", "terminated"]);
});
