import assert from "node:assert/strict";
import type { NativeState } from "../../../schedulers/adapter.ts";
import htcondor from "../../../schedulers/htcondor.ts";
import { adState, heldJob, HOLD_CODES, machineOf, removed } from "../../../schedulers/htcondor/tables.ts";
import { exampleContext, TOKEN } from "../../fixtures/context.ts";
import { answer, handle, recorded, recordedText } from "../support/recorded.ts";

/** A recorded answer in which all jobs bear the token of `handle()`: it was made before there were tokens. */
function marked(name: string) {
  const text = recordedText(name).replaceAll(/("ClusterId": \d+,)/g, `$1\n  "NsfarmToken": "nsfarm-${TOKEN}",`);
  return answer(text);
}

function statesOf(name: string, id: string, procs: number | number[], round = 0): Map<number | null, NativeState> {
  const read = htcondor.readQuery([marked(name)], [handle(id, procs)], round);
  assert.equal(read.kind, "ok");
  return new Map(read.kind === "ok" ? read.value.map((one) => [one.shard, one]) : []);
}

Deno.test("condor_q: idle jobs are queued", () => {
  const states = statesOf("condor-q-json", "2", 3);
  assert.deepEqual([...states.values()].map(({ state, native }) => [state, native]), Array(3).fill(["queued", "IDLE"]));
});

Deno.test("condor_q: a missing input holds a job, and the file is named", () => {
  const reported = statesOf("condor-q-json-held", "4", 1).get(0);
  assert.equal(reported?.state, "held");
  assert.equal(
    reported?.reason,
    "its input files could not be sent: reading from file /shared/c/does_not_exist.json: (errno 2) No such file or directory",
  );
});

Deno.test("condor_q: a missing output holds a job, and the file is named", () => {
  const reported = statesOf("condor-q-json-held", "6", 1).get(0);
  assert.match(reported?.reason ?? "", /^its results could not be brought back: .*shard_0\.out\.json/);
});

Deno.test("condor_q: a hold by a user is reported as one", () => {
  const reported = statesOf("condor-q-json-userhold", "14", 2).get(1);
  assert.equal(reported?.state, "held");
  assert.match(reported?.reason ?? "", /^held by hand \(condor_hold\); condor_release resumes it/);
});

Deno.test("condor_q: a job that is matched and never starts names the machine and the option that excludes it", () => {
  const text = recordedText("condor-q-json-starter-fails").replaceAll("nsfarm-bad1", `nsfarm-${TOKEN}`);
  const read = htcondor.readQuery([answer(text)], [handle("4", 3)], 0);
  const reasons = read.kind === "ok" ? read.value.map(({ reason }) => reason ?? "") : [];
  assert.equal(
    reasons[0],
    "e1 was matched again and again, but the job never started there; to avoid that machine: retry with " +
      `--condor-requirements '(Machine != "e1")'`,
  );
  assert.match(reasons[2] ?? "", /^no matching machine is free \(no match found\)$/);
});

Deno.test("condor_q: a job that never starts is waiting also while HTCondor shows it as running", () => {
  const reported = adState({
    ClusterId: 1,
    ProcId: 0,
    JobStatus: 2,
    NumJobStarts: 0,
    NumShadowStarts: 9,
    RemoteHost: "slot1_1@e1",
  });
  assert.deepEqual([reported.state, reported.host, reported.fault], ["queued", "e1", "node"]);
  assert.match(reported.reason ?? "", /^e1 was matched again and again/);
});

Deno.test("condor_q: a waiting job shows for how long, and that no machine matched", () => {
  const reported = adState({ ClusterId: 1, ProcId: 0, JobStatus: 1, EnteredCurrentStatus: 1000, ServerTime: 1330 });
  assert.deepEqual([reported.native, reported.reason], [
    "IDLE (for 5 min)",
    "no machine has accepted it; condor_q -better-analyze 1 shows which requirement no machine meets",
  ]);
});

Deno.test("condor_q: empty output without a match is evidence that there is no job", () => {
  assert.deepEqual(htcondor.readQuery([recorded("condor-q-none")], [handle("9", 1)], 0), { kind: "ok", value: [] });
});

for (const name of ["condor-q-schedd-down", "condor-q-schedd-hung"]) {
  Deno.test(`condor_q: ${name} is no evidence`, () => {
    assert.equal(htcondor.readQuery([recorded(name, 1)], [handle("9", 1)], 0).kind, "unclear");
  });
}

Deno.test("condor_q: a truncated or invalid answer is unclear", () => {
  const half = recordedText("condor-q-json").slice(0, 300);
  for (const text of [half, "<html>", "{}", "[1]", '[{"ClusterId": "x"}]']) {
    assert.equal(htcondor.readQuery([answer(text)], [handle("2", 3)], 0).kind, "unclear", text);
  }
});

Deno.test("condor_q: banners before the answer are ignored", () => {
  const read = htcondor.readQuery([{
    ...marked("condor-q-json"),
    stdout: `Hello [you]\n${marked("condor-q-json").stdout}`,
  }], [
    handle("2", 3),
  ], 0);
  assert.equal(read.kind === "ok" && read.value.length, 3);
});

Deno.test("jobs without our token are not ours, even with our number", () => {
  assert.deepEqual(htcondor.readQuery([recorded("condor-q-json")], [handle("2", 3)], 0), { kind: "ok", value: [] });
});

Deno.test("history: exit codes, signals and removals of ended jobs are reported in words", () => {
  const of = (id: string) => {
    const reported = statesOf("condor-history-json", id, 1, 1).get(0);
    return [reported?.state, reported?.reason, reported?.host];
  };
  assert.deepEqual(of("12"), ["failed", "the job ended with an error (exit 3)", "vm"]);
  assert.deepEqual(of("11"), ["failed", "the job was killed by signal 9", "vm"]);
  assert.equal(of("9")[0], "cancelled");
  assert.deepEqual(statesOf("condor-history-json-rm", "13", 2, 1).get(1)?.reason, "removed with condor_rm");
});

Deno.test("an unreadable history is no error", () => {
  assert.deepEqual(htcondor.readQuery([answer("", 1, "no history")], [handle("2", 3)], 1), { kind: "ok", value: [] });
});

Deno.test("a job that our rule removed for its time is timed out, one removed for its memory is out of memory", () => {
  const removed = (LastHoldReasonCode: number, LastHoldReason: string, LastHoldReasonSubCode = 0) => {
    const RemoveReason = "The job attribute PeriodicRemove expression 'JobStatus == 5 && …' evaluated to TRUE";
    return adState({
      ClusterId: 1,
      ProcId: 0,
      JobStatus: 3,
      RemoveReason,
      LastHoldReasonCode,
      LastHoldReason,
      LastHoldReasonSubCode,
    });
  };
  assert.equal(removed(46, "The job exceeded allowed job duration of 00:05").state, "timed_out");
  const memory = removed(34, "Error from slot1_1@e1: Job has gone over memory limit of 128 megabytes.", 102);
  assert.equal(memory.state, "out_of_memory");
  assert.match(memory.reason ?? "", /--condor-request-memory/);
});

Deno.test("too much disk is a failure of its own, not out of memory", () => {
  const held = heldJob({ code: 34, subcode: 104, text: "Job has gone over disk limit" });
  assert.deepEqual([held.state, /--condor-request-disk/.test(held.reason)], ["failed", true]);
});

Deno.test("all hold codes have words, and an unknown one shows HTCondor's", () => {
  for (const [code, { words }] of Object.entries(HOLD_CODES)) assert.ok(words.length > 10, code);
  assert.deepEqual(heldJob({ code: 99, subcode: 0, text: "something new" }), {
    state: "held",
    reason: "something new",
  });
});

Deno.test("an unknown status is unknown, never a success", () => {
  assert.equal(adState({ ClusterId: 1, ProcId: 0, JobStatus: 42 }).state, "unknown");
  assert.equal(adState({ ClusterId: 1, ProcId: 0 }).state, "unknown");
});

Deno.test("late materialization: jobs not created yet are queued, from the cluster's next number on", () => {
  const queue = answer("");
  const factory = marked("condor-q-json-latemat-factory");
  const read = htcondor.readQuery([queue, factory], [handle("14", 5)], 0);
  assert.deepEqual(read.kind === "ok" && read.value.map(({ shard, state, native }) => [shard, state, native]), [
    [2, "queued", "NOT MADE YET"],
    [3, "queued", "NOT MADE YET"],
    [4, "queued", "NOT MADE YET"],
  ]);
});

Deno.test("late materialization queries the cluster too; without it one call is enough", () => {
  const late = exampleContext(undefined, { options: { "condor-max-idle": 10 } });
  const handles = [handle("5", 3), handle("6", 3, "fedcba9876543210")];
  assert.equal(htcondor.query(late, handles, 0).length, 2);
  assert.equal(htcondor.query(exampleContext(), handles, 0).length, 1);
  const [history] = htcondor.query(exampleContext(), handles, 1);
  assert.deepEqual(history?.argv.slice(0, 3), ["condor_history", "5", "6"]);
  assert.deepEqual(history?.argv.slice(-2), ["-limit", "6"]);
  assert.deepEqual(htcondor.query(exampleContext(), handles, 2), []);
  assert.deepEqual(htcondor.query(exampleContext(), [], 0), []);
});

Deno.test("a machine's name is read from a slot and from an address", () => {
  assert.equal(machineOf("slot1_2@e1.example.org"), "e1.example.org");
  assert.equal(machineOf("<10.0.0.1:9618?addrs=10.0.0.1-9618&alias=e1.example.org>"), "e1.example.org");
  assert.equal(machineOf(undefined), null);
});

Deno.test("a job that the site removed for its run time has timed out; other removals by the site are cancellations", () => {
  const state = (RemoveReason: string) => {
    const { state, reason } = removed(RemoveReason, null);
    return [state, reason];
  };
  const text = "Job removed by SYSTEM_PERIODIC_REMOVE due to wall time exceeded allowed max.";
  assert.deepEqual(state(text), ["timed_out", `the site removed it for its run time: ${text}`]);
  const held = "Job removed by SYSTEM_PERIODIC_REMOVE due to job held time exceeded 24 hours.";
  assert.deepEqual(state(held), ["cancelled", `removed: ${held}`]);
});
