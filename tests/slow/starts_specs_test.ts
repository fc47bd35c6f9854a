// slow: fifty generated specs with and without signal, each judged by sixty other starts, take an hour
import assert from "node:assert/strict";
import { amountOf } from "../support/amount.ts";
import { startsSample } from "../support/lowest_fits.ts";
import { type Judged, judgedRun } from "../support/missed_toys.ts";
import { inFolder } from "../support/scratch.ts";
import { writeStartsSpec } from "../support/starts_specs.ts";

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

const wordsOf = ({ k, missed, bound, mean, at_zero }: Judged): string =>
  `${k} starts: missed ${percent(missed)}, bound ${percent(bound)}, mean ${mean.toFixed(3)}, ${
    percent(at_zero)
  } at zero`;

const SPECS = Number(
  Deno.env.get("NSFARM_TEST_SPECS") ?? amountOf("generated specs", { quick: 1, usual: 10, all: 50 }),
);

Deno.test("of the toys of generated specs at most the printed bound are missed, with sixty other starts as the judge", () =>
  inFolder(async (folder) => {
    const above: string[] = [];
    for (let seed = 1; seed <= SPECS; seed++) {
      const { config, what } = writeStartsSpec(folder, seed);
      for (const mu of [0, 1]) {
        const judged = await judgedRun(folder, { config, mu, k: 8, toys: 100, seed: 100 + seed, others: 60 });
        const line = `spec ${seed}, ${what}, mu ${mu}: ${wordsOf(judged)}`;
        console.log(line);
        if (judged.missed > judged.bound) above.push(line);
      }
    }
    // The bound is an upper limit of 95 %: of 100 sets 5 are expected above it, and more than 10 in 1 % of the cases.
    const most = Math.ceil(0.1 * 2 * SPECS);
    assert.ok(above.length <= most, `${above.length} of ${2 * SPECS} above their bounds:\n${above.join("\n")}`);
  }));

// Own minuit on other toys of this spec: .279 +- .012.
Deno.test("without signal the mean of 300 toys from sixteen starts is that of another minimizer, and few are missed", () =>
  inFolder(async (folder) => {
    const config = await startsSample(folder);
    const judged = await judgedRun(folder, { config, mu: 0, k: 16, toys: 300, seed: 11, others: 40 });
    console.log(wordsOf(judged));
    assert.ok(Math.abs(judged.mean - 0.279) < 0.03, `${judged.mean}`);
    assert.ok(judged.missed <= 0.08, percent(judged.missed));
    assert.ok(judged.missed <= judged.bound);
  }));
