import assert from "node:assert/strict";
import {
  causeOfJob,
  type JobFacts,
  jobProcess,
  jobRecord,
  readJobFacts,
  sentFacts,
  sentRecord,
} from "../../core/job_txt.ts";
import { ShardRecord } from "../../core/schema/shard_record.ts";
import { planOf, sampleManifest, sampleRecord } from "../fixtures/run.ts";

const manifest = sampleManifest();
const plan = planOf(manifest, 1);

/** The facts of a job of this run, as lines. */
function factsOf(values: Record<string, string | number>, stderr: string[] = []): JobFacts {
  const lines = Object.entries({ format: "nsfarm-job-1", run_token: manifest.farm.run_token, ...values, end: 1 })
    .map(([key, value]) => `${key}=${value}\n`);
  const facts = readJobFacts([...lines, ...stderr.map((line) => `stderr=${line}\n`)].join(""));
  assert.ok(facts);
  return facts;
}

for (
  const [what, values, stderr, cause] of [
    ["exit 0", { exit_code: 0 }, [], "ok"],
    ["exit 1", { exit_code: 1 }, [], "exit"],
    ["a program that is not there", { exit_code: 127 }, [], "spawn"],
    ["a program that cannot be run", { exit_code: 126 }, [], "spawn"],
    ["SIGKILL", { signal: "SIGKILL" }, [], "signal"],
    ["SIGKILL with an oom_kill", { signal: "SIGKILL", oom_kills_before: 2, oom_kills_after: 3 }, [], "memory"],
    ["SIGKILL with an old oom_kill", { signal: "SIGKILL", oom_kills_before: 3, oom_kills_after: 3 }, [], "signal"],
    ["an end from outside", { signal: "SIGTERM", stopped: "TERM" }, [], "terminated"],
    ["words of a full disk", { exit_code: 1 }, ["No space left on device"], "disk"],
    ["an error on a disk with nothing left", { exit_code: 1, disk_free_kb: 12 }, [], "disk"],
    ["an error on a disk with space", { exit_code: 1, disk_free_kb: 64 }, [], "exit"],
    ["no exit code at all", {}, [], "exit"],
  ] satisfies [string, Record<string, string | number>, string[], string][]
) {
  Deno.test(`the wrapper's facts of ${what} are the cause ${cause}`, () => {
    assert.equal(causeOfJob(factsOf(values, stderr)), cause);
  });
}

Deno.test("a record from the wrapper's facts matches its schema, with null for facts that a shell cannot know", () => {
  const facts = factsOf({
    host: "n7",
    started: "1795544992.5",
    finished: "1795544993.75",
    cpus_logical: 8,
    memory_kb: 1024,
    load_start: "0.5 0.25 0.1",
    load_end: "x",
    exit_code: 0,
    nextstat_version: "nextstat 0.10.1",
    threads: 2,
    "env.LANG": "C",
    "env.SECRET": "hunter2",
    "input_sha256.0": "2b".repeat(32),
  });
  const record = jobRecord(manifest, plan, 3, facts, "ok", [{ record: ["SLURM_JOB_ID", "SLURM_ARRAY_TASK_ID"] }]);
  assert.deepEqual(ShardRecord.parse(record), record);
  assert.equal(record.wall_s, 1.25);
  assert.equal(record.started_at_utc, "2026-11-24T18:29:52.500Z");
  assert.deepEqual([record.host, record.nextstat_version, record.attempt, record.threads], ["n7", "0.10.1", 3, 2]);
  assert.deepEqual([record.cpus_logical, record.cpus_physical, record.memory_bytes], [8, 8, 1024 * 1024]);
  assert.deepEqual([record.load_average_start, record.load_average_end], [[0.5, 0.25, 0.1], null]);
  assert.deepEqual([record.max_rss_bytes, record.clock_offset_s, record.out_sha256], [null, null, null]);
  assert.deepEqual(record.environment, { LANG: "C" });
  assert.equal(record.inputs[0]?.sha256, "2b".repeat(32));
});

Deno.test("almost empty facts still make a valid record", () => {
  const record = jobRecord(manifest, plan, 1, factsOf({ "input_sha256.0": "no sum" }), "exit", [{
    record: ["SLURM_JOB_ID", "SLURM_ARRAY_TASK_ID"],
  }]);
  assert.deepEqual(ShardRecord.parse(record), record);
  assert.deepEqual([record.host, record.wall_s, record.started_at_utc], ["unknown", null, "1970-01-01T00:00:00.000Z"]);
  assert.deepEqual(record.inputs, manifest.farm.inputs);
});

Deno.test("a job's stderr cannot control a terminal, and only its last lines are kept", () => {
  const printed = [...Array.from({ length: 30 }, (_, i) => `line ${i}`), "\u009b2Jgone\u202e"];
  const { stderr_tail } = jobRecord(manifest, plan, 1, factsOf({}, printed), "exit", [{
    record: ["SLURM_JOB_ID", "SLURM_ARRAY_TASK_ID"],
  }]);
  assert.equal(stderr_tail.length, 20);
  assert.equal(stderr_tail.at(-1), "\\u009b2Jgone\\u202e");
});

Deno.test("the wrapper's process is known as far as it was reported", () => {
  assert.deepEqual(jobProcess(factsOf({ host: "n1", boot_id: "b", pid: 17, start_ticks: "99" })), {
    host: "n1",
    boot_id: "b",
    pid: 17,
    start_ticks: "99",
  });
  assert.equal(jobProcess(factsOf({ pid: "x" })).pid, 1);
});

Deno.test("a record in job.txt counts only for this shard of this run", () => {
  const process = { host: "n1", boot_id: "b", pid: 4, start_ticks: "9" };
  const sent = (change: Partial<ShardRecord>) => {
    const record = sampleRecord(manifest, plan, change);
    const facts = readJobFacts(
      sentFacts(record, process, { attempt: "1", submission_token: null, metrics_bytes: null }),
    );
    assert.ok(facts);
    return sentRecord(manifest, plan, 7, facts);
  };
  assert.deepEqual([sent({})?.attempt, sent({ out_bytes: 5 })?.out_bytes], [7, null]);
  assert.equal(sent({ cause: "exit", exit_code: 1 })?.cause, "exit");
  for (const change of [{ run_token: "f".repeat(16) }, { shard_index: 2 }, { seed: 1 }, { spec_sha256: null }]) {
    assert.equal(sent(change), null);
  }
  assert.equal(sentRecord(manifest, plan, 1, factsOf({ record: "{" })), null);
  assert.equal(sentRecord(manifest, plan, 1, factsOf({})), null);
});
