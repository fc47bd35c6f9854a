import assert from "node:assert/strict";
import { describeCounts, describeStatus, type StatusShard, type StatusSummary } from "../../core/describe_status.ts";

const SUMMARY: StatusSummary = {
  run_id: "study1",
  run_dir: "/runs/study1",
  scheduler: "slurm",
  counts: { done: 20, running: 2, failed: 3, queued: 15 },
  total: 40,
  toys_done: 1000,
  toys_total: 2000,
  toys_per_s: 41.234,
  left_s: null,
  merged: null,
  glibc: {},
  merged_check: { state: "absent", guardrails_passed: null, findings: [] },
  workers: ["worker 17 (2 slots) is running here"],
  recovered: [],
  steering: [],
  advice: [],
};

const shard = (shard: number, state: StatusShard["state"], why = "", host: string | null = null): StatusShard => ({
  shard,
  state,
  why,
  host,
});

Deno.test("golden: status counts every state, then groups the other shards by their reason", () => {
  const text = describeStatus(SUMMARY, [
    shard(0, "done"),
    shard(1, "queued", "not submitted"),
    shard(2, "failed", "exit 3: no such file", "n1"),
    shard(3, "failed", "exit 3: no such file", "n2"),
    shard(9, "failed", "exit 3: no such file", "n1"),
    shard(4, "running", "", "n1"),
    shard(5, "queued", "other jobs go first"),
    shard(6, "held", "held by hand"),
  ]);
  assert.equal(
    text,
    `study1 (slurm): 20 done, 2 running, 3 failed, 14 queued, 1 not submitted of 40 shards
1000 of 2000 toys, 41.23 toys/s
worker 17 (2 slots) is running here
  failed        exit 3: no such file: shards 2-3, 9 on n1, n2
  running       shard 4 on n1
  queued        other jobs go first: shard 5
  held          held by hand: shard 6`,
  );
});

Deno.test("at most four hosts are listed for one reason", () => {
  const shards = Array.from({ length: 6 }, (_, i) => shard(i, "lost", "its job is gone", `n${i}`));
  assert.match(describeStatus(SUMMARY, shards), /: shards 0-5 on n0, n1, n2, n3 …$/);
});
Deno.test("a local run without a worker loop calls its shards not submitted, else queued", () => {
  const summary = { ...SUMMARY, scheduler: "local", counts: { done: 1, queued: 3 }, total: 4 };
  const rest = [shard(1, "queued", "not submitted"), shard(2, "queued", "not submitted"), shard(3, "queued")];
  assert.equal(
    describeCounts(summary, [shard(0, "done"), ...rest]),
    "study1 (local): 1 done, 1 queued, 2 not submitted of 4 shards",
  );
});
