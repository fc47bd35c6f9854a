import assert from "node:assert/strict";
import type { MergedStarts, StartsCheck } from "../../../core/schema/starts.ts";
import {
  autoLines,
  failedCheck,
  hypothesisMarks,
  isMarked,
  startsMark,
  startsNotes,
} from "../../../core/starts/words.ts";

const found = (n_found_by_one: number, max_missed = 0.01): MergedStarts => ({
  ...{ k: 4, n_toys: 300, n_found_by_one, missed_bound: 0.026, missed_estimate: 0.0033, max_missed },
  starts: [3, 12].map((n_missed, index) => ({
    ...{ index, data_file: null, sha256: null, n_lowest_alone: 1, n_missed, worst_missed_nll: 9.5 },
  })),
});

const tried = (n_lower: number): StartsCheck => ({
  ...{ n_toys: 40, n_starts: 3, n_lower, worst_nll: 14.66, poi_mean: 0.5421, poi_mean_lowest: 0.95 },
});

Deno.test("the notes on starts name what one start misses, the bound, the estimate, and what neither sees", () => {
  assert.deepEqual(startsNotes(found(4)), [
    "each toy was fitted from 4 starts; one start alone misses the minimum of 3 to 12 of 300 toys, by up to 9.50 in NLL",
    "4 of 300 were found by one start alone: at most 2.6 % (95 %) are missed by all of such starts, about 0.33 % by Good " +
    "and Turing's estimate for one more; minima that this fitter never reaches do not count",
  ]);
});

Deno.test("trial toys that other starts lower count too, and mark the results", () => {
  const tried = { ...found(0), n_trial_toys: 60, n_trial_missed: 3 };
  assert.match(
    startsNotes(tried)[1] ?? "",
    /^0 of 300 were .* alone, and other starts went lower in 3 of 60 trial toys: /,
  );
  assert.ok(isMarked(tried));
  assert.ok(!isMarked({ ...tried, n_trial_missed: 0 }));
});

Deno.test("results are marked above the share that a run allows, and the mark names the number of starts to try", () => {
  assert.equal(isMarked(found(3)), false);
  assert.equal(startsMark({ poi: "mu", starts: found(3) }), null);
  assert.match(
    startsMark({ poi: "mu", starts: found(4) }) ?? "",
    /^up to 2\.6 % of the toys .* since 4 of 300 were .* more than 1 %\. .* --starts 8$/,
  );
  assert.equal(startsMark({ poi: "mu", starts: found(4, 0.02) }), null);
  assert.match(startsMark({ poi: "mu", starts: { ...found(4), k: 64 } }) ?? "", /another minimizer's/);
});

Deno.test("a run without starts is marked by its trial toys, above one in twenty", () => {
  assert.equal(failedCheck(undefined), undefined);
  assert.equal(failedCheck(tried(2)), undefined);
  assert.equal(startsMark({ poi: "mu", starts_check: tried(2) }), null);
  assert.equal(failedCheck({ ...tried(1), n_toys: 5 }), undefined);
  assert.match(
    startsMark({ poi: "mu", starts_check: tried(3) }) ?? "",
    /^the fits of 3 of 40 trial toys do not find the minimum.* by up to 14\.7; the mean of mu is 0\.542 .* 0\.950 /,
  );
});

Deno.test("--starts auto prints how much each number of starts misses, and what it costs", () => {
  const made = { asked: "auto", k: 2, list: [], files: [], n_candidates: 96, n_valid: 40, n_trial_toys: 60 } as const;
  assert.deepEqual(autoLines(undefined), []);
  assert.deepEqual(autoLines({ ...made, list: [], files: [] }), []);
  const row = { n_toys: 60, cpu_s: 0.2 };
  const table = [{ ...row, k: 1, n_missed: 30 }, { ...row, k: 2, n_missed: 0, cpu_s: 0.4 }];
  assert.deepEqual(autoLines({ ...made, list: [], files: [], table }), [
    "--starts auto takes 2:",
    "  starts  trial toys missed  CPU time of these",
    "       1           30 of 60              0.2 s",
    "       2            0 of 60              0.4 s",
  ]);
});

const CHECK = { n_toys: 40, n_starts: 3, n_lower: 3, worst_nll: 1.25, poi_mean: 0.1, poi_mean_lowest: 0.25 };

Deno.test("a hypothesis is named where more than a twentieth of its trial toys miss the minimum", () => {
  assert.deepEqual(hypothesisMarks(undefined), []);
  const sound = { ...CHECK, hypothesis: "sb" as const, mu: 1, n_lower: 2 };
  const missed = { ...CHECK, hypothesis: "b" as const, mu: 0 };
  const [words = "", ...others] = hypothesisMarks([missed, sound]);
  assert.deepEqual(others, []);
  assert.match(words, /3 of 40 trial toys of the background alone \(generated at 0\)/);
  assert.match(words, /up to 1\.25 lower from other starts, mean POI 0\.250 in place of 0\.100; CLs may be wrong$/);
});
