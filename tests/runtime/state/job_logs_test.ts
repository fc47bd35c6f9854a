import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ShardRecord } from "../../../core/schema/shard_record.ts";
import type { ShardView } from "../../../core/shard_states.ts";
import { recordSubmission } from "../../../runtime/run/submissions.ts";
import { explainEnds, tellingJobLogs } from "../../../runtime/state/job_logs.ts";
import type { Backend } from "../../../schedulers/adapter.ts";
import slurm from "../../../schedulers/slurm.ts";
import { inventedRun, planOf, sampleAttempt, sampleRecord } from "../../fixtures/run.ts";
import { inFolder } from "../../support/scratch.ts";
import { runOf } from "../support/context.ts";

const AT = "2026-11-24T20:00:00.000Z";

/** Records that these shards were submitted as the job. */
const submitted = (folder: string, job_id: string, shards: number[]): void =>
  recordSubmission(folder, {
    ...{ token: `0123456789abcd${job_id}`, state: "submitted", scheduler: "slurm", command: ["sbatch"], shards },
    ...{ job_id, intended_at_utc: AT, answered_at_utc: AT, answer: null },
  });

/** How shard 0 is told, whose job 47_0 has written this into its log; null: there is no log. */
async function reported(
  log: string | null,
  view: Omit<ShardView, "host">,
  end?: Partial<ShardRecord>,
): Promise<string> {
  let words = "";
  await inFolder(async (folder) => {
    const manifest = inventedRun(folder, { n_toys: 4, shards: 2 });
    const plan = planOf(manifest, 0);
    submitted(folder, "47", [0, 1]);
    await mkdir(join(folder, "logs"));
    if (log !== null) await writeFile(join(folder, "logs/slurm_47_0.log"), log);
    const last = end ? sampleAttempt(manifest, plan, { end: sampleRecord(manifest, plan, end) }) : null;
    const shard = { plan, time: null, attempts: last ? [1] : [], last, host: "n1", ...view };
    const [one] = explainEnds(runOf(folder, manifest), slurm, [shard]);
    words = `${one?.state}: ${one?.why}`;
  });
  return words;
}

const LOST = { state: "lost", why: "its job disappeared without a record" } as const;
const OUT_OF_TIME = "slurmstepd-n1: error: *** JOB 48 ON n1 CANCELLED AT 2026-11-24T21:09:56 DUE TO TIME LIMIT ***\n";

Deno.test("the job log of a lost shard explains it; a shard without a job log never started", async () => {
  assert.match(await reported(OUT_OF_TIME, LOST), /^timed_out: it reached the job's time limit/);
  assert.match(
    await reported(null, LOST),
    /^lost: its job never started: it was cancelled while queued, or its scheduler lost it/,
  );
  assert.equal(await reported("", LOST), "lost: its job disappeared without a record");
});

Deno.test("a stopped attempt is explained by its job's log; an attempt that failed by itself is not", async () => {
  const stopped = { state: "cancelled", why: "stopped by a signal or by cancel" } as const;
  assert.match(await reported(OUT_OF_TIME, stopped, { cause: "terminated" }), /^timed_out: it reached the job/);
  const failed = { state: "failed", why: "exit 3" } as const;
  assert.equal(await reported(OUT_OF_TIME, failed, { cause: "exit", exit_code: 3 }), "failed: exit 3");
});

Deno.test("a job that cannot start its shard is reported with its own message, without terminal control characters", async () => {
  const failed = { state: "failed", why: "the job ended with an error" } as const;
  assert.equal(
    await reported("nsfarm-deno: cannot enter /runs on n1\x1b[2J\n  more\n", failed),
    "failed: the job ended with an error: cannot enter /runs on n1\\u001b[2J",
  );
});

Deno.test("shards that run, wait or are done are not explained by a log", async () => {
  for (const state of ["running", "queued", "done", "held"] as const) {
    assert.equal(await reported(OUT_OF_TIME, { state, why: "" }), `${state}: `);
  }
});

Deno.test("what explains a shard is the newest log of its jobs with words in it, else the first log of its last job", () =>
  inFolder(async (folder) => {
    submitted(folder, "47", [0, 1, 2]);
    submitted(folder, "48", [1, 2]);
    await mkdir(join(folder, "logs"));
    await writeFile(
      join(folder, "logs/slurm_47_0.log"),
      "\n0/3 done, 0 running, 3 waiting, 0 failed\nof the first\nmore\n",
    );
    await writeFile(join(folder, "logs/slurm_47_1.log"), "of the first\n");
    await writeFile(join(folder, "logs/slurm_48_0.log"), "of the second\n");
    await writeFile(join(folder, "logs/slurm_48_1.log"), "");
    assert.deepEqual([...tellingJobLogs(folder, slurm, new Set([0, 1, 2, 3]))].sort(([a], [b]) => a - b), [
      [0, { name: "logs/slurm_47_0.log", line: "of the first" }],
      [1, { name: "logs/slurm_48_0.log", line: "of the second" }],
      [2, { name: "logs/slurm_48_1.log", line: undefined }],
    ]);
  }));

Deno.test("a log that the jobs of many shards share is read once, and each shard is told its own lines", () =>
  inFolder(async (folder) => {
    const shards = Array.from({ length: 50 }, (_, i) => i);
    submitted(folder, "47", shards);
    await mkdir(join(folder, "logs"));
    await writeFile(join(folder, "logs/all.log"), shards.map((shard) => `${shard} was held\n`).join(""));
    let reads = 0;
    const eventLogs = () => {
      reads++;
      return ["logs/all.log"];
    };
    const eventsOf: Backend["eventsOf"] = (text, _handle, shard) => text.split("\n")[shard] ?? "";
    const found = tellingJobLogs(
      folder,
      { ...slurm, eventLogs, eventsOf, jobLogs: () => ["logs/all.log"] },
      new Set(shards),
    );
    assert.deepEqual(shards.map((shard) => found.get(shard)?.line), shards.map((shard) => `${shard} was held`));
    assert.equal(reads, 1);
  }));
