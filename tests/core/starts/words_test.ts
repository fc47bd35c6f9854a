import assert from "node:assert/strict";
import { hypothesisMarks } from "../../../core/starts/words.ts";

const CHECK = { n_toys: 40, n_starts: 3, n_lower: 3, worst_nll: 1.25, poi_mean: 0.1, poi_mean_lowest: 0.25 };

Deno.test("a hypothesis is named where more than a twentieth of its trial toys miss the minimum", () => {
  assert.deepEqual(hypothesisMarks(undefined), []);
  const sound = { ...CHECK, hypothesis: "sb" as const, mu: 1, n_lower: 2 };
  const missed = { ...CHECK, hypothesis: "b" as const, mu: 0 };
  const [words = "", ...others] = hypothesisMarks([missed, sound]);
  assert.deepEqual(others, []);
  assert.match(words, /3 of 40 trial toys of the background alone \(generated at 0\)/);
  assert.match(words, /up to 1\.25, and the mean of the POI is 0\.250 in place of 0\.100/);
});
