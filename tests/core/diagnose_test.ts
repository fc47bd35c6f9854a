import assert from "node:assert/strict";
import { diagnose, nothingToSubmit, type OpenShard, type Remedies } from "../../core/advice.ts";
import type { Remedy } from "../../core/failure.ts";

const openShard = (change: Partial<OpenShard>): OpenShard => ({
  shard: 0,
  state: "failed",
  why: "exit 3",
  host: "n1",
  cause: "exit",
  said: null,
  log: null,
  ...change,
});
const RAISED: Remedies = { more_memory: "more", more_time: "more", refusal: null };
const next = (shards: Partial<OpenShard>[], remedies = RAISED, merged = false) =>
  diagnose(shards.map(openShard), remedies, merged).next?.join(" ") ?? null;

Deno.test("why nothing is submitted counts shards by what keeps them, and names the command", () => {
  const why = (shards: [Remedy, number][]) => nothingToSubmit(new Map(shards), 3, RAISED, "study1");
  assert.match(why([["going", 2]]), /^Nothing to submit: 2 shards queued or running, 3 done; .*status study1 --watch$/);
  assert.match(
    why([["waiting", 1], ["held", 2], ["unknown", 1], ["memory", 4]]),
    /^Nothing to submit: 4 shards ended without a result, the jobs of 2 shards are held, 1 shard may still run \(unknown\), 1 shard queued or running, 3 done; /,
  );
  assert.match(why([["memory", 4]]), /^Nothing to submit: 4 shards ended without a result, 3 done; .*retry study1/);
});

Deno.test("shards with the same cause form one group even if numbers in their messages differ; the largest comes first", () => {
  const { troubles } = diagnose(
    [
      openShard({ shard: 9, why: "exit 4", said: "no licence" }),
      openShard({ shard: 1, said: "cannot open shard_1", host: "n1", log: "/r/shard_1.stderr" }),
      openShard({ shard: 2, said: "cannot open shard_2", host: "n2" }),
    ],
    RAISED,
    false,
  );
  assert.deepEqual(troubles.map(({ shards, hosts, said: printed, log }) => ({ shards, hosts, said: printed, log })), [
    { shards: [1, 2], hosts: ["n1", "n2"], said: "cannot open shard_1", log: "/r/shard_1.stderr" },
    { shards: [9], hosts: ["n1"], said: "no licence", log: null },
  ]);
});

for (
  const [what, shards, wanted] of [
    ["an error", [{}], "retry RUN_DIR --wait"],
    ["too little memory", [{ state: "out_of_memory" }], "retry RUN_DIR --more-memory --wait"],
    ["too little memory by its record", [{ cause: "memory" }], "retry RUN_DIR --more-memory --wait"],
    ["too little time", [{ state: "timed_out" }], "retry RUN_DIR --more-time --wait"],
    ["both", [{ cause: "time" }, { cause: "memory" }], "retry RUN_DIR --more-memory --more-time --wait"],
    ["a held job", [{ state: "held", cause: null }], "retry RUN_DIR --wait"],
    ["a lost job beside one that runs", [{ state: "lost" }, { state: "running", why: "" }], "retry RUN_DIR --wait"],
    ["nothing but what was not submitted", [{ state: "queued", why: "not submitted" }], "submit RUN_DIR --wait"],
    ["nothing but what still runs", [{ state: "running", why: "" }], "status RUN_DIR --watch"],
    [
      "a submission without an answer",
      [{ state: "unknown", why: "its submission has no answer" }, { state: "running", why: "" }],
      "submit RUN_DIR --wait",
    ],
    ["such a submission beside a lost job", [
      { state: "unknown", why: "its submission has no answer" },
      { state: "lost" },
    ], "retry RUN_DIR --wait"],
    ["a scheduler that cannot be asked", [{ state: "unknown" }, {}], "status RUN_DIR --watch"],
    ["nothing, and no merged file", [], "merge RUN_DIR"],
  ] as const
) {
  Deno.test(`after ${what} the next command is ${wanted}`, () => assert.equal(next([...shards]), wanted));
}

Deno.test("a merged run needs no further command", () => assert.equal(next([], RAISED, true), null));

Deno.test("limits are raised as the scheduler allows: to a first value, not at all, or with shorter shards", () => {
  const both = [{ cause: "memory" }, { cause: "time" }] as const;
  const none: Remedies = { more_memory: null, more_time: null, refusal: null };
  assert.equal(next([...both], none), "retry RUN_DIR --split --wait");
  assert.equal(next([...both], { ...none, more_memory: "4GB" }), "retry RUN_DIR --more-memory=4GB --split --wait");
});

Deno.test("every problem that needs a step before the command has its own advice", () => {
  const advice = (change: Partial<OpenShard>) => diagnose([openShard(change)], RAISED, false).troubles[0]?.advice ?? "";
  assert.match(advice({ cause: "disk" }), /free some space/);
  assert.match(advice({ cause: "version" }), /restore the spec/);
  assert.match(advice({ cause: "spawn" }), /make sure that nextstat is on the host/);
  assert.match(advice({ state: "held" }), /^fix the cause first; retry then cancels/);
});

Deno.test("running and queued shards are no problem", () => {
  assert.deepEqual(
    diagnose([openShard({ state: "running" }), openShard({ state: "queued" })], RAISED, false).troubles,
    [],
  );
});

Deno.test("a refused submission is reported with its message, without a command that would fail again", () => {
  const waits = openShard({ state: "queued", why: "not submitted", cause: null });
  const { troubles: [trouble], next } = diagnose([waits], { ...RAISED, refusal: "no such partition" }, false);
  assert.equal(trouble?.what, "not submitted, the submission was refused: no such partition");
  assert.match(trouble?.advice ?? "", /fix this and submit again/);
  assert.equal(next, null);
});

Deno.test("a shard that failed twice in the same way gets the advice not to rerun it, and the command of its fit", () => {
  const { troubles: [trouble], next } = diagnose([openShard({ times: 2, by_hand: ["nextstat", "x"] })], RAISED, false);
  assert.equal(trouble?.what, "failed: exit 3, 2 times in a row");
  assert.match(trouble?.advice ?? "", /a rerun alone fails again/);
  assert.deepEqual(trouble?.by_hand, ["nextstat", "x"]);
  assert.equal(next?.join(" "), "retry RUN_DIR --wait");
  const [once] = diagnose([openShard({ times: 1, by_hand: ["nextstat", "x"] })], RAISED, false).troubles;
  assert.equal(once?.by_hand, null);
});
