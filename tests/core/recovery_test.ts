import fc from "fast-check";
import assert from "node:assert/strict";
import { livePlans, manifestFault } from "../../core/check_manifest.ts";
import { type RecoverableShard, type Recovery, type RecoveryLimits, recoverySteps } from "../../core/recovery.ts";
import { applyRecovery, earlierRecoveries, recoveryLines } from "../../core/recovery_history.ts";
import { CAUSES, SHARD_STATES } from "../../core/schema/enums.ts";
import type { FarmManifest } from "../../core/schema/manifest.ts";
import type { Submission } from "../../core/schema/submit_meta.ts";
import { isEnded, isWaiting } from "../../core/shard_states.ts";
import { sampleManifest } from "../fixtures/run.ts";

const LIMITS: RecoveryLimits = {
  memory: { name: "slurm-memory", now: "1G", first: "1G", most_mib: 4000 },
  time: { name: "slurm-time", now: "01:00:00", most_s: 7200 },
  nodes: "slurm-exclude",
  n_nodes: 4,
  avoided: [],
};
const NEVER = () => ({ count: 0, is_pending: false, had_less: { memory: false, time: false } });

const shard = (change: Partial<RecoverableShard>): RecoverableShard => ({
  shard: 0,
  n_toys: 10,
  state: "failed",
  why: "exit 3",
  cause: "exit",
  fault: null,
  node: "n1",
  times: 1,
  earlier: [],
  ...change,
});

const steps = (
  shards: Partial<RecoverableShard>[],
  { limits = LIMITS, earlier = NEVER, most = 3, by_hand = false }: {
    limits?: RecoveryLimits;
    earlier?: Parameters<typeof recoverySteps>[2];
    most?: number;
    by_hand?: boolean;
  } = {},
): Recovery => recoverySteps(shards.map((one, i) => shard({ shard: i, ...one })), limits, earlier, { most, by_hand });

const done = (recovery: Recovery) => ({
  steps: recovery.actions.map(({ step, shards }) => [step, ...shards]),
  changes: recovery.changes,
  avoid: recovery.avoid,
});

Deno.test("shards out of memory get half as much again, those out of time a longer limit, all in one round", () => {
  const recovery = steps([{ state: "out_of_memory" }, { state: "timed_out" }, { state: "out_of_memory" }, {}]);
  assert.deepEqual(done(recovery), {
    steps: [["memory", 0, 2], ["time", 1], ["rerun", 3]],
    changes: { "slurm-memory": "1536M", "slurm-time": "02:00:00" },
    avoid: [],
  });
});

Deno.test("shards that are rerun in the same way for other reasons are other steps", () => {
  assert.deepEqual(done(steps([{}, { state: "preempted", cause: null }, {}])).steps, [["rerun", 0, 2], ["rerun", 1]]);
});

Deno.test("a shard at the longest time of its queue is cut in two, and so is one whose queue's limit is unknown", () => {
  const at = (most_s: number | undefined): RecoveryLimits => ({
    ...LIMITS,
    time: { name: "slurm-time", now: "01:00:00", most_s },
  });
  for (const most_s of [3600, undefined]) {
    assert.deepEqual(done(steps([{ state: "timed_out" }], { limits: at(most_s) })).steps, [["cut", 0]]);
  }
  assert.deepEqual(done(steps([{ state: "timed_out", n_toys: 2 }], { limits: at(3600) })).steps, [["cut", 0]]);
  const [given_up] = steps([{ state: "timed_out", n_toys: 1 }], { limits: at(3600) }).give_up;
  assert.match(given_up?.why ?? "", /^time limit reached: it has one toy/);
});

Deno.test("memory is raised up to that of a node; after that the shard is given up", () => {
  const at = (now: string): RecoveryLimits => ({
    ...LIMITS,
    memory: { name: "slurm-memory", now, first: "1G", most_mib: 4000 },
  });
  const memory = (now: string) => steps([{ state: "out_of_memory" }], { limits: at(now) });
  assert.deepEqual(memory("3G").changes, { "slurm-memory": "4000M" });
  assert.equal(
    memory("4000M").give_up[0]?.why,
    "out of memory: its job had --slurm-memory 4000M, and more is not allowed",
  );
});

Deno.test("a shard whose last job had less memory or time than jobs have now is rerun without another raise", () => {
  const earlier = () => ({ count: 0, is_pending: false, had_less: { memory: true, time: true } });
  assert.deepEqual(done(steps([{ state: "out_of_memory" }, { state: "timed_out" }], { earlier })), {
    steps: [["memory", 0], ["time", 1]],
    changes: {},
    avoid: [],
  });
});

Deno.test("shards of a node that fails all its jobs, also in attempts before, are rerun elsewhere", () => {
  const whole: Partial<RecoverableShard> = {
    state: "done",
    node: "n1",
    cause: null,
    earlier: [{ node: "n2", cause: "exit" }],
  };
  assert.deepEqual(done(steps([whole, { node: "n2" }])), { steps: [["elsewhere", 1]], changes: {}, avoid: ["n2"] });
  assert.deepEqual(done(steps([{ ...whole, earlier: [] }, { node: "n2" }])).steps, [["rerun", 1]]);
  assert.deepEqual(done(steps([{ fault: "node", node: "n2", cause: null }])).avoid, ["n2"]);
});

Deno.test("nextstat that cannot be started on one node is that node's fault; on several, the run stops", () => {
  const spawn = (node: string): Partial<RecoverableShard> => ({ cause: "spawn", node });
  assert.deepEqual(done(steps([spawn("n2"), spawn("n2"), { state: "done" }])).avoid, ["n2"]);
  const everywhere = steps([spawn("n1"), spawn("n2")]);
  assert.deepEqual(everywhere.actions, []);
  assert.deepEqual(everywhere.give_up.map(({ shards }) => shards), [[0, 1]]);
});

Deno.test("no last node is avoided", () => {
  const only: RecoveryLimits = { ...LIMITS, n_nodes: 1 };
  const [given_up] = steps([{ fault: "node", node: "n1" }], { limits: only }).give_up;
  assert.equal(given_up?.why, "node n1 fails jobs: no other node is left");
  const two = steps(["n1", "n2"].map((node) => ({ fault: "node", node })), { limits: { ...LIMITS, n_nodes: 2 } });
  assert.deepEqual([two.avoid, two.give_up.map(({ shards }) => shards)], [["n1"], [[1]]]);
});

Deno.test("shards of a node at fault are rerun where jobs avoid it already, or cannot avoid any", () => {
  const bad: Partial<RecoverableShard> = { fault: "node", node: "n1", cause: null };
  for (const limits of [{ ...LIMITS, avoided: ["n1"] }, { ...LIMITS, nodes: null }]) {
    assert.deepEqual(done(steps([bad], { limits })), { steps: [["rerun", 0]], changes: {}, avoid: [] });
  }
  const [given_up] = steps([{ cause: "spawn" }, { state: "done", node: "n2" }], { limits: { ...LIMITS, nodes: null } })
    .give_up;
  assert.deepEqual(given_up?.shards, [0], "nextstat does not start there either way");
});

Deno.test("a full disk, changed inputs, a hold and a job that somebody cancelled stop at once", () => {
  const stopped = steps([
    { cause: "disk" },
    { cause: "version" },
    { state: "held", cause: null },
    { state: "cancelled", cause: null },
    { cause: "terminated", state: "cancelled" },
  ]);
  assert.deepEqual(stopped.actions, []);
  assert.deepEqual(stopped.give_up.flatMap(({ shards }) => shards), [0, 1, 2, 3, 4]);
  assert.deepEqual(done(steps([{ state: "cancelled", cause: null }], { by_hand: true })).steps, [["rerun", 0]]);
});

Deno.test("a hold for memory is cured by more memory", () => {
  assert.deepEqual(done(steps([{ state: "held", fault: "memory", cause: null }])).steps, [["memory", 0]]);
});

Deno.test("a shard that failed N times in the same way is given up, with what to do", () => {
  assert.deepEqual(done(steps([{ times: 2 }])).steps, [["rerun", 0]]);
  const [given_up] = steps([{ times: 3 }]).give_up;
  assert.match(given_up?.why ?? "", /^nextstat ended with an error, 3 times in a row: fix the cause first/);
});

const LATER: Recovery = {
  actions: [{ step: "memory", what: "out of memory", shards: [1] }],
  changes: { "slurm-memory": "1536M" },
  avoid: [],
  submit: [],
  give_up: [],
  wait: [],
};

Deno.test("a recovery on record that could not submit its jobs is continued, not counted or raised again", () => {
  const planned = applyRecovery(sampleManifest(), LATER, {
    options: { memory: { name: "slurm-memory", value: "1536M" } },
    moved: [],
    n_submissions: 1,
    at_utc: AT,
  });
  const first = submission([0, 1, 2, 3]);
  const before = earlierRecoveries(planned, [first]);
  assert.deepEqual([before(1).count, before(1).is_pending, before(2).count], [1, true, 0]);
  assert.deepEqual(steps([{ shard: 1, state: "out_of_memory" }], { earlier: before }).submit, [1]);
  const refused: Submission = { ...submission([1]), state: "refused" };
  assert.equal(earlierRecoveries(planned, [first, refused])(1).is_pending, true);
  const after = earlierRecoveries(planned, [first, refused, submission([1])]);
  assert.deepEqual(after(1), { count: 1, is_pending: false, had_less: { memory: false, time: false } });
  assert.equal(after(2).had_less.memory, true);
  assert.equal(planned.farm.options["slurm-memory"], "1536M");
  assert.deepEqual(recoveryLines(planned.farm.history, [first]), [
    "out of memory: shard 1 rerun with --slurm-memory (none) → 1536M",
  ]);
});

Deno.test("a run that waited for room in the queue says so, with the scheduler's words", () => {
  const full: Submission = { ...submission([0, 1]), state: "refused", queue_full: true, answer: "too many (wait)" };
  assert.deepEqual(recoveryLines([], [full, submission([0]), submission([1])]), [
    "submit limit reached (too many): shards 0-1 submitted in 2 parts, as jobs ended",
  ]);
  assert.deepEqual(recoveryLines([], [submission([0])]), []);
});

const AT = "2026-11-26T02:00:00.000Z";

const submission = (shards: number[]): Submission => ({
  token: "0123456789abcdef",
  state: "submitted",
  scheduler: "slurm",
  command: [],
  shards,
  job_id: "1",
  intended_at_utc: AT,
  answered_at_utc: AT,
  answer: null,
});

const anyShard = fc.record({
  state: fc.constantFrom(...SHARD_STATES),
  why: fc.constantFrom("", "not submitted", "exit 3"),
  cause: fc.option(fc.constantFrom(...CAUSES)),
  fault: fc.option(fc.constantFrom("memory" as const, "time" as const, "node" as const)),
  node: fc.option(fc.constantFrom("n1", "n2", "n3")),
  times: fc.integer({ min: 1, max: 4 }),
  n_toys: fc.integer({ min: 1, max: 4 }),
  earlier: fc.array(fc.record({ node: fc.constantFrom("n1", "n2"), cause: fc.constantFrom(...CAUSES) }), {
    maxLength: 2,
  }),
});

Deno.test("each shard is treated once, and one that is done, runs or is unknown is never rerun", () => {
  fc.assert(fc.property(fc.array(anyShard, { maxLength: 8 }), fc.integer({ min: 1, max: 4 }), (shards, most) => {
    const { actions, submit, give_up, wait } = steps(shards, { most });
    const rerun = [...actions.flatMap((one) => one.shards), ...submit];
    const all = [...rerun, ...give_up.flatMap((one) => one.shards), ...wait];
    assert.equal(new Set(all).size, all.length);
    for (const index of rerun) {
      const state = shards[index]?.state ?? "done";
      assert.ok(isEnded(state) || isWaiting(state), state);
    }
    for (const index of all) assert.ok(!["done", "running"].includes(shards[index]?.state ?? ""));
    shards.forEach(({ state }, index) => assert.equal(wait.includes(index), state === "unknown"));
  }));
});

/** A run whose shards end as a list of draws says, until nothing is left to recover. */
class Simulated {
  manifest: FarmManifest = sampleManifest({ n_toys: 23, shards: 5 });
  readonly submissions: Submission[] = [submission([0, 1, 2, 3, 4])];
  readonly states = new Map<number, Partial<RecoverableShard>>();

  constructor(readonly draw: () => number, readonly most: number) {
    for (const index of [0, 1, 2, 3, 4]) this.#end(index);
  }

  #end(index: number): void {
    const ends: Partial<RecoverableShard>[] = [
      { state: "done", cause: null },
      { state: "out_of_memory", cause: "memory" },
      { state: "timed_out", cause: "time" },
      { state: "failed", cause: "exit", node: `n${this.draw() % 3}` },
      { state: "lost", cause: null },
      { state: "preempted", cause: "terminated" },
    ];
    this.states.set(index, ends[this.draw() % ends.length] ?? {});
  }

  /** Returns whether the round did something. */
  round(): boolean {
    const shards = livePlans(this.manifest).map(({ shard_index, n_toys }) =>
      shard({
        n_toys,
        state: "queued",
        why: "not submitted",
        cause: null,
        ...this.states.get(shard_index),
        shard: shard_index,
      })
    );
    const options = this.manifest.farm.options;
    const limits: RecoveryLimits = {
      ...LIMITS,
      memory: { name: "slurm-memory", now: options["slurm-memory"], first: "1G", most_mib: null },
      time: { name: "slurm-time", now: options["slurm-time"] ?? "01:00:00", most_s: 7200 },
    };
    const recovery = recoverySteps(shards, limits, earlierRecoveries(this.manifest, this.submissions), {
      most: this.most,
      by_hand: false,
    });
    const { length } = this.manifest.plans;
    const change = (name: string) => {
      const value = recovery.changes[name];
      return value === undefined ? undefined : { name, value };
    };
    const [memory, time] = [change("slurm-memory"), change("slurm-time")];
    this.manifest = applyRecovery(this.manifest, recovery, {
      options: { ...(memory ? { memory } : {}), ...(time ? { time } : {}) },
      moved: [],
      n_submissions: this.submissions.length,
      at_utc: AT,
    });
    const pieces = this.manifest.plans.slice(length).map((plan) => plan.shard_index);
    const live = new Set(livePlans(this.manifest).map((plan) => plan.shard_index));
    const rerun = [...recovery.actions.flatMap((one) => one.shards), ...recovery.submit, ...pieces];
    const mine = rerun.filter((one) => live.has(one));
    if (mine.length === 0) return false;
    // Now and then the command is killed before it submits, or the scheduler refuses.
    const fate = this.draw() % 4;
    if (fate === 0) this.submissions.push({ ...submission(mine), state: "refused" });
    if (fate < 2) return true;
    this.submissions.push(submission(mine));
    for (const index of mine) this.#end(index);
    return true;
  }

  /** Number of jobs that a shard had, with those of the shards that it is a piece of. */
  attempts(index: number): number {
    const parent = this.manifest.plans.find((plan) => plan.farm?.replaced_by?.includes(index));
    const own = this.submissions.filter(({ state, shards }) => state === "submitted" && shards.includes(index)).length;
    return own + (parent ? this.attempts(parent.shard_index) : 0);
  }
}

Deno.test("however shards end and commands are killed, a recovery ends, and no shard is rerun more than N times", () => {
  fc.assert(fc.property(fc.array(fc.nat(1000), { minLength: 1 }), fc.integer({ min: 1, max: 4 }), (draws, most) => {
    let at = 0;
    // Beyond the draws every command submits, and its shards fail in each way in turn.
    const run = new Simulated(() => draws[at++] ?? 2 + at, most);
    let rounds = 0;
    while (run.round()) assert.ok(++rounds < 2000, "it goes on for ever");
    assert.equal(manifestFault(run.manifest), null);
    for (const { shard_index } of livePlans(run.manifest)) {
      assert.ok(run.attempts(shard_index) <= 1 + most, `shard ${shard_index}: ${run.attempts(shard_index)} jobs`);
    }
  }));
});
