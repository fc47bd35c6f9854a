import assert from "node:assert/strict";
import type { Handle, NativeState } from "../../../schedulers/adapter.ts";
import slurm from "../../../schedulers/slurm.ts";
import { taskState } from "../../../schedulers/slurm/query.ts";
import {
  SLURM_END_REASONS,
  SLURM_REASONS,
  SLURM_STATES,
  slurmReason,
  slurmState,
} from "../../../schedulers/slurm/tables.ts";
import { exampleContext, TOKEN } from "../../fixtures/context.ts";
import { answer, handle, recorded, recordedText } from "../support/recorded.ts";

/** The states by shard that a recorded answer tells. */
function statesIn(name: string, handles: Handle[]): Map<number | null, NativeState> {
  const read = slurm.readQuery([recorded(name)], handles, 0);
  assert.equal(read.kind, "ok");
  return new Map(read.kind === "ok" ? read.value.map((one) => [one.shard, one]) : []);
}

const words = (states: Map<number | null, NativeState>) =>
  Object.fromEntries([...states].map(([shard, { state }]) => [`${shard}`, state]));

Deno.test("squeue: pending, running and finished tasks of one array are distinguished, with their nodes", () => {
  const states = statesIn("slurm-squeue-farm-array", [handle("43", 10)]);
  assert.deepEqual(Object.values(words(states)).sort(), ["done", ...Array(7).fill("queued"), "running", "running"]);
  assert.deepEqual(states.get(1), {
    token: TOKEN,
    shard: 1,
    state: "running",
    native: "RUNNING",
    reason: null,
    host: "n1",
  });
  assert.equal(states.get(9)?.native, "PENDING (JobArrayTaskLimit)");
  assert.match(states.get(9)?.reason ?? "", /--slurm-throttle limits how many jobs of its array run at a time/);
  assert.equal(states.get(9)?.host, null);
});

Deno.test("squeue: a task cancelled while pending has no row and no state", () => {
  const states = statesIn("slurm-squeue-farm-mixed", [handle("43", 10)]);
  assert.equal(states.has(8), false);
  assert.equal(states.size, 9);
});

Deno.test("squeue: an error, a kill and a hold of single tasks are reported in words", () => {
  const states = statesIn("slurm-squeue-farm-mixed", [handle("43", 10)]);
  assert.deepEqual([states.get(1)?.state, states.get(1)?.reason], ["failed", "the job ended with an error"]);
  assert.deepEqual(
    [states.get(2)?.state, states.get(2)?.reason],
    ["failed", "killed (SIGKILL): by hand, or because it used too much memory"],
  );
  assert.equal(states.get(9)?.state, "held");
  assert.match(states.get(9)?.reason ?? "", /held by you .*scontrol release lets it start/);
});

Deno.test("squeue: a cancelled array has one row without index for all tasks that never started", () => {
  const states = statesIn("slurm-squeue-farm-cancelled", [handle("43", 10)]);
  assert.deepEqual(words(states), {
    ...Object.fromEntries([3, 4, 5, 6, 7, 8, 9].map((shard) => [shard, "cancelled"])),
    0: "done",
    1: "failed",
    2: "failed",
  });
});

Deno.test("squeue: a cancelled task does not have the reason for which it waited", () => {
  const states = statesIn("slurm-squeue-farm-cancelled-before", [handle("51", 4)]);
  assert.deepEqual(
    [...states.values()].map(({ reason }) => reason),
    Array(4).fill("cancelled with scancel, or by the site"),
  );
});

Deno.test("squeue: a job that ran into its time limit is timed out", () => {
  const { state, host, reason } = statesIn("slurm-squeue-farm-timeout", [handle("52", [40])]).get(40) ?? {};
  assert.deepEqual([state, host, reason], ["timed_out", "n1", "it reached the job's time limit (--slurm-time)"]);
});

Deno.test("squeue: a line break in another job's name makes no state of ours", () => {
  const states = statesIn("slurm-squeue-farm-name-newline", [handle("52", [40])]);
  assert.deepEqual(words(states), { 40: "queued" });
});

Deno.test("squeue: tasks of a job with a reused id are not ours", () => {
  assert.equal(statesIn("slurm-squeue-farm-array", [handle("43", 10, "fedcba9876543210")]).size, 0);
});

Deno.test("squeue: shards that one job runs share its state", () => {
  const one = { job_id: "43", token: TOKEN, chunk: { index: 0, shards: [4, 5, 6], tasks: [1, 1, 2] } };
  assert.deepEqual(words(statesIn("slurm-squeue-farm-array", [one])), { 4: "running", 5: "running", 6: "running" });
});

Deno.test("squeue: pending ranges are expanded, and truncated ones are ignored", () => {
  const line = (id: string) => `nsfarm|${id}|PENDING|Priority||nsfarm:${TOKEN}|nsfarm-${TOKEN}\n`;
  const read = (id: string) => {
    const found = slurm.readQuery([answer(line(id))], [handle("3", 10)], 0);
    return found.kind === "ok" ? found.value.map(({ shard }) => shard) : [];
  };
  assert.deepEqual(read("3_[3-9%3]"), [3, 4, 5, 6, 7, 8, 9]);
  assert.deepEqual(read("3_[0-8:4]"), [0, 4, 8]);
  assert.deepEqual(read("3_[0-1,3-4,7,9,..."), []);
});

for (
  const [name, exit, kind] of [
    ["slurm-squeue-nonexistent", 1, "ok"],
    ["slurm-squeue-after-ctld-crash", 1, "ok"],
    ["slurm-squeue-ctld-down", 1, "unclear"],
    ["slurm-squeue-ctld-hung", 1, "unclear"],
  ] as const
) {
  Deno.test(`squeue: ${name} is ${kind === "ok" ? "evidence that no job is known" : "no evidence at all"}`, () => {
    const read = slurm.readQuery([recorded(name, exit)], [handle("3", 2)], 0);
    assert.equal(read.kind, kind);
    if (read.kind === "ok") assert.deepEqual(read.value, []);
  });
}

Deno.test("squeue: no answer in time and unknown text are unclear", () => {
  assert.equal(slurm.readQuery([answer("", null)], [handle("3", 2)], 0).kind, "unclear");
  const html = slurm.readQuery([answer("<html>502</html>\n")], [handle("3", 2)], 0);
  assert.equal(html.kind, "unclear");
});

Deno.test("squeue: exit 0 without a line is unclear, a header without a row means that no job is known", () => {
  const read = (text: string) => slurm.readQuery([answer(text)], [handle("3", 2)], 0);
  assert.equal(read(recordedText("slurm-squeue-two-nonexistent")).kind, "unclear", "as printed with --noheader");
  assert.deepEqual(read("nsfarm|JOBID|STATE|REASON|NODELIST|COMMENT|NAME\n"), { kind: "ok", value: [] });
  const { argv = [] } = slurm.query(exampleContext(), [handle("3", 2)], 0)[0] ?? {};
  assert.ok(!argv.includes("--noheader"));
});

Deno.test("sacct: state, exit code, signal and node of ended tasks are read", () => {
  const name = `nsfarm-${TOKEN}`;
  const text = [
    `47_0|COMPLETED|0:0|n1|${name}`,
    `47_1|FAILED|3:0|n2|${name}`,
    `47_2|CANCELLED by 1000|0:15|n2|${name}`,
    `47_3|OUT_OF_MEMORY|0:125|n1|${name}`,
    `47_[4-5]|PENDING|0:0|None assigned|${name}`,
    `48_0|FAILED|1:0|n1|other`,
  ].join("\n");
  const read = slurm.readQuery([answer(text)], [handle("47", 6)], 1);
  assert.deepEqual(
    read.kind === "ok" && read.value.map(({ shard, state, reason, host }) => [shard, state, reason, host]),
    [
      [0, "done", null, "n1"],
      [1, "failed", "the job ended with an error (exit 3)", "n2"],
      [2, "cancelled", "cancelled with scancel, or by the site", "n2"],
      [3, "out_of_memory", "it used more memory than the job requested", "n1"],
      [4, "queued", null, null],
      [5, "queued", null, null],
    ],
  );
});

Deno.test("sacct: disabled or refused accounting is no error", () => {
  assert.deepEqual(slurm.readQuery([recorded("slurm-sacct-disabled", 1)], [handle("47", 2)], 1), {
    kind: "ok",
    value: [],
  });
});

Deno.test("one call queries all jobs of all handles, and accounting only if it may exist", () => {
  const context = exampleContext();
  const handles = [handle("47", 3), handle("48", 3), handle("48", 3)];
  const argv = slurm.query(context, handles, 0).map((command) => command.argv);
  assert.equal(argv.length, 1);
  assert.ok(argv[0]?.includes("--jobs=47,48"));
  assert.ok(argv[0]?.includes("--array"));
  assert.equal(slurm.query(context, handles, 1)[0]?.argv[0], "sacct");
  assert.ok(slurm.query(context, handles, 1)[0]?.argv.includes("--starttime=2000-01-01"));
  assert.deepEqual(slurm.query(exampleContext(undefined, { limits: { accounting: false } }), handles, 1), []);
  assert.deepEqual(slurm.query(context, handles, 2), []);
});

Deno.test("an id that is no number is never given to a program", () => {
  assert.deepEqual(slurm.query(exampleContext(), [handle("1; rm -rf", 1), handle("", 1), handle("-1", 1)], 0), []);
});

/** Rows `id|state|reason|name`, as recorded before this program was written. */
const rows = (name: string) =>
  recordedText(name).trimEnd().split("\n").map((line) => {
    const [, state = "", reason = ""] = line.split("|");
    return taskState({ state, reason, host: "", exit_code: "" });
  });

Deno.test("a failed node is reported, and a requeued job waits", () => {
  const reported = rows("slurm-squeue-nodefail");
  assert.equal(reported.find(({ native }) => native.startsWith("NODE_FAIL"))?.reason, "its node went down");
  const states = reported.map(({ state, native }) => `${state} ${native}`);
  assert.ok(states.includes("failed NODE_FAIL (NodeDown)"));
  assert.ok(states.includes("queued PENDING (BeginTime)"));
});

Deno.test("a preempted job is preempted", () => {
  assert.deepEqual(rows("slurm-squeue-preempted").map(({ state }) => state), ["queued", "preempted"]);
});

Deno.test("tasks held by an administrator or by the user are held, with different words", () => {
  const [own] = rows("slurm-squeue-held");
  const admin = rows("slurm-squeue-hold-one-task").find(({ state }) => state === "held");
  assert.match(own?.reason ?? "", /held by you/);
  assert.match(admin?.reason ?? "", /held by an administrator; only they can release it/);
});

Deno.test("all states and reasons have words, none of them Slurm's own code", () => {
  for (const { words, code } of [...SLURM_REASONS, ...SLURM_END_REASONS]) {
    assert.ok(words.length > 10 && !code.test(words), words);
  }
  for (const [native, { state, words }] of Object.entries(SLURM_STATES)) {
    assert.notEqual(state, "unknown", native);
    if (!["COMPLETED", "PENDING", "RUNNING", "RESIZING", "UPDATE_DB"].includes(native)) assert.ok(words, native);
  }
});

Deno.test("every state of Slurm 24.11's squeue(1) has a row", () => {
  const listed =
    "BOOT_FAIL CANCELLED COMPLETED CONFIGURING COMPLETING DEADLINE FAILED NODE_FAIL OUT_OF_MEMORY PENDING " +
    "PREEMPTED RUNNING RESV_DEL_HOLD REQUEUE_FED REQUEUE_HOLD REQUEUED RESIZING REVOKED SIGNALING SPECIAL_EXIT " +
    "STAGE_OUT STOPPED SUSPENDED TIMEOUT LAUNCH_FAILED POWER_UP_NODE RECONFIG_FAIL UPDATE_DB";
  for (const state of listed.split(" ")) assert.notEqual(slurmState(state).state, "unknown", state);
});

Deno.test("an unknown state is unknown, never a success, and is shown", () => {
  const reported = taskState({ state: "FROBNICATED", reason: "None", host: "n1", exit_code: "" });
  assert.equal(reported.state, "unknown");
  assert.match(reported.reason ?? "", /FROBNICATED/);
  assert.equal(slurmState("constructor").state, "unknown");
});

Deno.test("a job that will never start is shown as held, one that waits its turn as queued", () => {
  const stateOf = (reason: string) => taskState({ state: "PENDING", reason, host: "", exit_code: "" }).state;
  for (const reason of ["DependencyNeverSatisfied", "PartitionTimeLimit", "BadConstraints", "AssocMaxCpuPerJobLimit"]) {
    assert.equal(stateOf(reason), "held", reason);
  }
  for (const reason of ["Resources", "Priority", "QOSMaxJobsPerUserLimit", "AssocGrpCpuLimit", "None", "Unheard"]) {
    assert.equal(stateOf(reason), "queued", reason);
  }
  assert.match(slurmReason("ReqNodeNotAvail, UnavailableNodes:n1")?.words ?? "", /down, drained or reserved/);
});

Deno.test("control characters in Slurm's output reach no terminal", () => {
  const reported = taskState({ state: "PENDING", reason: "x\u001b[2Jy", host: "n1\u001b", exit_code: "" });
  assert.ok(!`${reported.native}${reported.reason}`.includes("\u001b"));
  assert.equal(reported.host, null);
});

Deno.test("cancel selects by token, and single tasks also by id", () => {
  const handles = [handle("47", 10), handle("48", [20, 21], "fedcba9876543210")];
  const argv = (shards: number[] | null) =>
    slurm.cancel(exampleContext(), handles, shards).map((one) => one.argv.slice(1));
  assert.deepEqual(argv(null), [
    ["--me", `--name=nsfarm-${TOKEN}`],
    ["--me", "--name=nsfarm-fedcba9876543210"],
  ]);
  assert.deepEqual(argv([1, 2, 5]), [["--me", `--name=nsfarm-${TOKEN}`, "47_[1-2,5]"]]);
});

Deno.test("cancel uses the job name of the submission: run id and token, or the token alone", () => {
  const named = { ...handle("47", 10), command: ["sbatch", `--job-name=study1-nsfarm-${TOKEN}`, "--comment=x"] };
  const argv = (one: typeof named) => slurm.cancel(exampleContext(), [one], null)[0]?.argv;
  assert.deepEqual(argv(named), ["scancel", "--me", `--name=study1-nsfarm-${TOKEN}`]);
  assert.deepEqual(argv({ ...named, command: ["sbatch", `--job-name=nsfarm-${TOKEN}`] }), [
    ...["scancel", "--me", `--name=nsfarm-${TOKEN}`],
  ]);
});

Deno.test("a job without its comment is identified by the token in its name, with or without the run id", () => {
  for (const name of [`study1-nsfarm-${TOKEN}`, `nsfarm-${TOKEN}`]) {
    const stdout = `nsfarm|JOBID|STATE|REASON|NODELIST|COMMENT|NAME\nnsfarm|47_0|PENDING|None||(null)|${name}\n`;
    const reported = slurm.readQuery([{ ...recorded("slurm-squeue-farm-array"), stdout }], [handle("47", 1)], 0);
    assert.equal(reported.kind === "ok" ? reported.value[0]?.state : reported.kind, "queued", name);
    const found = slurm.readFind({ ...recorded("slurm-squeue-find"), stdout: `nsfarm|47|(null)|${name}\n` }, TOKEN);
    assert.deepEqual(found, { kind: "ok", value: "47" });
  }
});

Deno.test("a job that a site renamed, so that scancel finds nothing by its name, is known by its id and comment", () => {
  assert.equal(slurm.readCancel([recorded("slurm-scancel-nonexistent")]).kind, "ok");
  const stdout = recordedText("slurm-squeue-farm-mixed").replaceAll(/[|][^|\n]*$/gm, "|site_name");
  const reported = slurm.readQuery([{ ...recorded("slurm-squeue-farm-mixed"), stdout }], [handle("43", 10)], 0);
  assert(reported.kind === "ok" && reported.value.some(({ state }) => state === "queued"));
});

Deno.test("scancel of an ended job is no error, without a connection it is", () => {
  assert.equal(slurm.readCancel([recorded("slurm-scancel-nonexistent")]).kind, "ok");
  assert.equal(slurm.readCancel([recorded("slurm-scancel-ctld-down", 8)]).kind, "unclear");
});

for (
  const [text, state] of [
    [recordedText("slurm-job-log-time-limit"), "timed_out"],
    ["slurmstepd-n1: error: *** JOB 4 ON n1 CANCELLED AT 2026-11-24T18:51:36 ***\n", "cancelled"],
    ["slurmstepd: error: *** JOB 4 ON n1 CANCELLED AT 2026-11-24T18:51:36 DUE TO PREEMPTION ***\n", "preempted"],
    [
      "slurmstepd: error: *** JOB 4 ON n1 CANCELLED AT 2026-11-24T18:51:36 DUE TO NODE FAILURE, SEE SLURMCTLD LOG ***\n",
      "failed",
    ],
    [
      "slurmstepd-n1: error: Step 17.4294967291 exceeded memory limit (245604352 > 104857600), being killed\n" +
      "slurmstepd-n1: error: *** JOB 17 ON n1 CANCELLED AT 2026-11-24T18:35:37 ***\n",
      "out_of_memory",
    ],
    [
      "slurmstepd: error: Detected 1 oom_kill event in StepId=4.batch. Some of the step tasks have been OOM Killed.\n",
      "out_of_memory",
    ],
  ] as const
) {
  Deno.test(`a job's log that ends in "${text.trim().slice(-60)}" means ${state}`, () => {
    assert.equal(slurm.readJobLog(text)?.state, state);
  });
}

Deno.test("a job's log without a message of Slurm gives no state", () => {
  assert.equal(slurm.readJobLog("shard 3: done\n"), null);
});
