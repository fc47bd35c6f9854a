import assert from "node:assert/strict";
import type { Pilot } from "../../../core/plan/pilot.ts";
import { countsThatMatter, describePlan, makePlan } from "../../../core/plan/plan.ts";
import { pilotSlots } from "../../../core/plan/predict.ts";

/** Two slots of one host: 1 s of start-up, 0.1 s per toy, 0.5 s between shards; the second starts 0.25 s later. */
const PILOT: Pilot = {
  run_id: "first",
  scheduler: "slurm",
  n_toys: 800,
  shards: 8,
  hosts: [{ host: "n1", slots: 2, n_shards: 8, toy_s: 0.1, startup_s: 1 }],
  has_startup: true,
  gap_s: 0.5,
  stagger_s: 0.25,
  queue_s: 3,
  spread: { toy: 0, shard: 0 },
  toy_error: 0.03,
  cpu_share: 0.5,
  makespan_s: 45.75,
  max_rss_bytes: 60 * 2 ** 20,
  fit_warnings: [],
};

const planOf = (change: Partial<Pilot> = {}, counts: number[] = [2, 6, 60], n_toys = 6000) => {
  const pilot = { ...PILOT, ...change };
  return makePlan(pilot, { n_toys, hosts: pilotSlots(pilot), counts });
};
const linesOf = (change: Partial<Pilot> = {}) => describePlan(planOf(change), true).split("\n");
const lineOf = (start: string, change: Partial<Pilot> = {}) =>
  linesOf(change).find((line) => line.trim().startsWith(start));

Deno.test("a plan in full", () => {
  assert.deepEqual(linesOf(), [
    "6000 toys on 2 slots, from first (slurm, 800 toys in 8 shards)",
    "  n1                     100 ms per toy, 1.00 s start-up per shard, 2 slots",
    "  between two shards     500 ms on a slot",
    "  slots start            250 ms apart",
    "  queue                  3.00 s before the first start (not part of the makespan)",
    "  spread                 ± 0.0 % from toy to toy, ± 0.0 % from shard to shard; mean known to ± 3.0 %",
    "",
    "  shards    makespan             68 % of draws      static  longest shard  toys/s   slot time         CPU  start-up",
    "       2   5 min 1 s    5 min 1 s to 5 min 1 s   5 min 1 s      5 min 1 s   19.92  10 min 2 s   5 min 1 s     0.3 %",
    "       6   5 min 4 s    5 min 4 s to 5 min 4 s   5 min 4 s     1 min 41 s   19.72  10 min 6 s   5 min 3 s     1.0 %  <-",
    "      60  5 min 45 s  5 min 45 s to 5 min 45 s  5 min 45 s         11.0 s   17.40  11 min 0 s  5 min 30 s     9.1 %",
    "  makespan  each slot takes the next shard as soon as it is free",
    "  static    makespan when shards are assigned to slots in advance (--static)",
    "  <-        recommended: the smallest count within 3.0 % of the best makespan with 3 shards per slot, else the smallest within it",
    "",
    "Recommended: --shards 6, time limit 00:05:00 per shard, memory 200 MiB",
    "By time: --shard-minutes 8, about 7 shards, makespan 5 min 7 s",
    "Uncertainty ± 3.0 %, from the scatter of the source run (for the source run it predicts 45.8 s, measured 45.8 s); a busier pool takes longer",
  ]);
});

Deno.test("what the source run does not tell is said to be unknown", () => {
  const none = { gap_s: null, queue_s: null, spread: null, toy_error: null, cpu_share: null, makespan_s: null };
  assert.equal(lineOf("between two", none), "  between two shards     not measured on a slot");
  assert.match(lineOf("queue", none) ?? "", /queue +not known before the first start/);
  assert.match(lineOf("spread", none) ?? "", /spread +not known from this run$/);
  assert.match(lineOf("6 ", none) ?? "", /^ +6 +\S+ min \S+ s +not known +/);
  assert.equal(
    lineOf("Uncertainty", none),
    "Uncertainty unknown (the source run has no makespan to compare with); a source run with several shards per host would give it",
  );
});

Deno.test("the time limit is beyond the longest shard by twice the uncertainty, or by as much again where it is unknown", () => {
  const limit_s = (change: Partial<Pilot>) => planOf(change, [6]).recommended.time_limit_s;
  assert.equal(planOf({}, [6]).counts[0]?.max_shard_elapsed_s, 101);
  assert.deepEqual([limit_s({}), limit_s({ toy_error: 1 }), limit_s({ toy_error: null })], [300, 540, 420]);
});

Deno.test("the uncertainty is the error of a toy's time and that of the prediction of the source run itself", () => {
  assert.equal(planOf({ makespan_s: null }).uncertainty, 0.03);
  assert.equal(planOf({ makespan_s: 0 }).uncertainty, 0.03);
  assert.equal(planOf({ makespan_s: 45.75 / 1.04 }).uncertainty?.toFixed(6), "0.050000");
});

Deno.test("the smallest count with three shards per slot is recommended, among those within the uncertainty", () => {
  const chosen = (change: Partial<Pilot>, counts?: number[]) => planOf(change, counts).recommended.shards;
  assert.equal(chosen({}), 6);
  assert.equal(chosen({}, [2, 4]), 2);
  assert.equal(chosen({ hosts: [{ host: "n1", slots: 2, n_shards: 8, toy_s: 0.1, startup_s: 8 }] }), 2);
});

Deno.test("without an uncertainty makespans within 2 % count as equally good, with any at most 5 %", () => {
  assert.match(lineOf("<-", { toy_error: null }) ?? "", /within 2\.0 % of the best/);
  assert.match(lineOf("<-", { toy_error: 0.5 }) ?? "", /within 5\.0 % of the best/);
});

Deno.test("the shown counts are the first, the last, the fastest, and those around the recommended one", () => {
  const plan = planOf({}, Array.from({ length: 20 }, (_, i) => i + 1));
  const counts = plan.counts.map((one) => {
    const median = one.shards === 3 ? 1 : 2;
    return { ...one, pulled_makespan_s: { median, q16: null, q84: null } };
  });
  const shown = countsThatMatter({ counts, recommended: { ...plan.recommended, shards: 15 } });
  assert.deepEqual(shown.map(({ shards }) => shards), [1, 3, 12, 13, 14, 15, 16, 17, 18, 20]);
});

Deno.test("a plan names the first twelve hosts", () => {
  const hosts = (n: number) =>
    Array.from({ length: n }, (_, i) => ({ host: `n${i}`, slots: 1, n_shards: 8, toy_s: 0.1, startup_s: 1 }));
  assert.equal(lineOf("…", { hosts: hosts(12) }), undefined);
  assert.equal(lineOf("…", { hosts: hosts(14) }), "  … and 2 more hosts");
});

Deno.test("what a plan does not know is in its notes", () => {
  const one = { ...PILOT, hosts: [{ host: "n1", slots: 2, n_shards: 3, toy_s: 0.1, startup_s: 1 }], gap_s: null };
  const notes = (pilot: Pilot, slots = 2) =>
    makePlan(pilot, { n_toys: 100, hosts: [{ host: "n1", slots }, { host: "n2", slots: 0 }], counts: [2] }).warnings;
  const spread = "the source run has only 3 shards: their spread is poorly known";
  const gap = "no slot of the source run ran two shards: the gap between two shards is taken as zero";
  assert.deepEqual(notes(PILOT), []);
  assert.deepEqual(notes(one), [spread, gap]);
  assert.deepEqual(notes(PILOT, 3), ["contention between more than 2 slots is not modelled"]);
  assert.deepEqual(notes({ ...PILOT, spread: null, fit_warnings: ["odd"] }), [
    "the toys of the source run: odd",
    "no host of the source run ran two shards: the scatter of their times is unknown",
  ]);
});
