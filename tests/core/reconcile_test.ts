import fc from "fast-check";
import assert from "node:assert/strict";
import type { Attempt } from "../../core/schema/attempt.ts";
import { CAUSES, SHARD_STATES } from "../../core/schema/enums.ts";
import type { NativeState } from "../../core/schema/scheduler.ts";
import type { ShardRecord } from "../../core/schema/shard_record.ts";
import { reconcile, type ShardEvidence } from "../../core/shard_states.ts";
import { planOf, sampleAttempt, sampleManifest, sampleRecord } from "../fixtures/run.ts";

const manifest = sampleManifest();
const plan = planOf(manifest, 0);
const TOKEN = "0123456789abcdef";

const NOTHING: ShardEvidence = {
  evidence: "absent",
  fault: null,
  last: null,
  life: null,
  native: null,
  is_answered: null,
  absent_s: null,
  grace_s: 120,
};

const native = (state: NativeState["state"], reason: string | null = null): NativeState => ({
  token: TOKEN,
  shard: 0,
  state,
  native: state.toUpperCase(),
  reason,
  host: "n7",
});

const begun = (change: Partial<Attempt> = {}) => sampleAttempt(manifest, plan, { submission_token: TOKEN, ...change });
const ended = (change: Partial<ShardRecord>) => begun({ end: sampleRecord(manifest, plan, change) });
const before = () => ({ ...ended({ cause: "exit", exit_code: 3 }), submission_token: "ffffffffffffffff" });
const view = (facts: Partial<ShardEvidence>) => {
  const { state, why } = reconcile({ ...NOTHING, ...facts });
  return why === "" ? state : `${state}: ${why}`;
};

for (
  const [what, facts, wanted] of [
    ["nobody was given", {}, "queued: not submitted"],
    ["is committed", { evidence: "done" }, "done"],
    [
      "is committed, though its scheduler calls it failed",
      { evidence: "done", native: native("failed"), is_answered: true },
      "done",
    ],
    ["is committed, though nobody answered", { evidence: "done", is_answered: false }, "done"],
    [
      "its scheduler calls queued",
      { native: native("queued", "other jobs go first"), is_answered: true },
      "queued: other jobs go first",
    ],
    ["its scheduler calls held", { native: native("held", "held by hand"), is_answered: true }, "held: held by hand"],
    ["its scheduler calls running", { native: native("running"), is_answered: true }, "running"],
    [
      "its scheduler runs again, while the attempt before has failed",
      {
        native: native("running"),
        is_answered: true,
        last: { ...ended({ cause: "exit", exit_code: 7 }), submission_token: "f".repeat(16) },
      },
      "running",
    ],
    ["runs on this machine", { last: begun(), life: "running" }, "running"],
    [
      "was left whole by a process that is gone",
      { last: begun(), life: "dead", has_left_output: true },
      "lost: its process is gone, but its output is complete: retry commits it",
    ],
    [
      "its scheduler calls done, its files on their way",
      { native: native("done"), is_answered: true, absent_s: 5 },
      "running: waiting for files",
    ],
    ["its scheduler calls done, without files after the grace time", {
      native: native("done"),
      is_answered: true,
      absent_s: 120,
    }, "lost: its job disappeared without a record"],
    [
      "its scheduler does not know any more, for a moment",
      { is_answered: true, absent_s: 119 },
      "running: waiting for files",
    ],
    [
      "its scheduler has not known for long",
      { is_answered: true, absent_s: 500 },
      "lost: its job disappeared without a record",
    ],
    ["its scheduler did not answer about", { is_answered: false }, "unknown: its scheduler did not answer"],
    [
      "its scheduler has a state for that nobody knows",
      { native: native("unknown", "Slurm says X"), is_answered: true },
      "unknown: Slurm says X",
    ],
    [
      "was cancelled before it began",
      { native: native("cancelled", "removed with condor_rm"), is_answered: true },
      "cancelled: removed with condor_rm",
    ],
    [
      "was begun on a machine that cannot be asked",
      { last: begun(), life: "elsewhere" },
      "unknown: started on n1, which cannot be reached from here",
    ],
    [
      "was begun by a process that is gone",
      { last: begun(), life: "dead" },
      "lost: its process disappeared without a record",
    ],
    [
      "has a record without its output, for a while",
      { evidence: "late", is_answered: true, absent_s: 90 },
      "running: waiting for files",
    ],
    [
      "has a record without its output, for good",
      { evidence: "late", fault: "shard_0.out.json is not there", is_answered: true, absent_s: 120 },
      "failed: shard_0.out.json is not there",
    ],
    [
      "has a record without its output, and no scheduler",
      { evidence: "late", fault: "shard_0.out.json is not there" },
      "failed: shard_0.out.json is not there",
    ],
    ["has a broken file", { evidence: "bad", fault: "shard_0.out.json is empty" }, "failed: shard_0.out.json is empty"],
    [
      "has the file of another run",
      { evidence: "foreign", fault: "belongs to another run" },
      "failed: belongs to another run",
    ],
    [
      "has a broken file while it runs again",
      { evidence: "bad", fault: "x", native: native("running"), is_answered: true },
      "running",
    ],
    [
      "failed in an earlier submission, whose attempt is the only one on file, and runs again",
      { last: before(), native: native("running"), is_answered: true },
      "running",
    ],
    [
      "failed in an earlier submission, and is called done by its scheduler, its files on their way",
      { last: before(), native: native("done"), is_answered: true, absent_s: 5 },
      "running: waiting for files",
    ],
    [
      "failed a moment ago, while its scheduler still calls it running",
      { last: ended({ cause: "exit", exit_code: 3 }), native: native("running"), is_answered: true },
      "failed: exit 3",
    ],
    [
      "ended with an error",
      { last: ended({ cause: "exit", exit_code: 3, stderr_tail: ["no such file", "more"] }) },
      "failed: exit 3: no such file",
    ],
    [
      "was killed",
      { last: ended({ cause: "signal", exit_code: null, signal: "SIGKILL" }) },
      "failed: nextstat was killed (SIGKILL)",
    ],
    [
      "ran out of memory",
      { last: ended({ cause: "memory", exit_code: null, signal: "SIGKILL" }) },
      "out_of_memory: out of memory",
    ],
    [
      "ran out of time",
      { last: ended({ cause: "time", exit_code: null, signal: "SIGTERM" }) },
      "timed_out: time limit reached",
    ],
    [
      "was told to stop",
      { last: ended({ cause: "terminated", exit_code: null, signal: "SIGTERM" }) },
      "cancelled: stopped by a signal or by cancel",
    ],
    [
      "was told to stop, because its scheduler saw its time run out",
      {
        last: ended({ cause: "terminated", exit_code: null }),
        native: native("timed_out", "time limit"),
        is_answered: true,
      },
      "timed_out: time limit",
    ],
    [
      "was killed for the memory that its scheduler counted",
      {
        last: ended({ cause: "signal", exit_code: null }),
        native: native("out_of_memory", "memory"),
        is_answered: true,
      },
      "out_of_memory: memory",
    ],
    [
      "ended with an error of its own, which its scheduler also only calls failed",
      { last: ended({ cause: "exit", exit_code: 3 }), native: native("failed", "exit 3"), is_answered: true },
      "failed: exit 3",
    ],
    [
      "failed, and whose later job was cancelled before it began",
      {
        last: ended({ cause: "exit", exit_code: 3 }),
        native: { ...native("cancelled", "scancel"), token: "f".repeat(16) },
        is_answered: true,
      },
      "cancelled: scancel",
    ],
    [
      "has ended here, while its job is still being cleaned up",
      { last: ended({ cause: "exit", exit_code: 3 }), native: native("running"), is_answered: true },
      "failed: exit 3",
    ],
  ] satisfies [string, Partial<ShardEvidence>, string][]
) {
  Deno.test(`a shard that ${what} is ${wanted}`, () => assert.equal(view(facts), wanted));
}

/** Whatever may be known of a shard. */
const anything = fc.record<ShardEvidence>({
  evidence: fc.constantFrom("absent", "uncommitted", "foreign", "bad", "done"),
  fault: fc.option(fc.constant("is broken")),
  last: fc.option(fc.constantFrom(begun(), ...CAUSES.map((cause) => ended({ cause })))),
  life: fc.constantFrom("running", "elsewhere", "dead", null),
  native: fc.option(fc.constantFrom(...SHARD_STATES).map((state) => native(state))),
  is_answered: fc.constantFrom(true, false, null),
  absent_s: fc.option(fc.nat(300)),
  grace_s: fc.constant(120),
});

Deno.test("only its files prove a shard done: no scheduler, no exit code and no silence does", () => {
  fc.assert(
    fc.property(anything, (facts) => {
      assert.equal(reconcile(facts).state === "done", facts.evidence === "done");
    }),
    { numRuns: 5000 },
  );
});

Deno.test("a shard whose scheduler did not answer is never lost and never waiting to be submitted", () => {
  fc.assert(fc.property(anything, (facts) => {
    const { state } = reconcile({ ...facts, native: null, last: null, life: null, is_answered: false });
    if (facts.evidence === "absent" || facts.evidence === "uncommitted") assert.equal(state, "unknown");
  }));
});

Deno.test("a live attempt is running for any state of its scheduler, unless this has suspended its own job", () => {
  fc.assert(fc.property(anything, (facts) => {
    fc.pre(facts.evidence !== "done");
    const last = begun();
    const isSuspended = facts.native?.state === "held" && facts.native.token === last.submission_token;
    assert.equal(reconcile({ ...facts, last, life: "running" }).state, isSuspended ? "held" : "running");
  }));
});

Deno.test("a job that is gone is never lost within the grace time", () => {
  fc.assert(fc.property(fc.nat(119), fc.constantFrom(null, native("done")), (absent_s, native) => {
    assert.equal(view({ is_answered: true, absent_s, native }), "running: waiting for files");
  }));
});
