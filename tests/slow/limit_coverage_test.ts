// slow: 200 limits of thousands of toys each take five minutes
import assert from "node:assert/strict";
import { join } from "node:path";
import { LimitSummary } from "../../core/schema/limit.ts";
import { mustRun, nextstat } from "../support/farm.ts";
import { inFolder } from "../support/scratch.ts";
import { writeCounts } from "../support/workspace.ts";

const [REPEATS, ACCURACY, MAX_TOYS] = [200, 0.03, 30_000];
const GRID = [1, 1.5, 2, 2.5];

/** Seeds of one limit: each of its points has room for all toys that it may take. */
const SEEDS = GRID.length * MAX_TOYS;

interface Wanted {
  id: string;
  mu: readonly number[];
  toys: number;
  seed: number;
  more: string[];
}

async function limitOf(folder: string, config: string, { id, mu, toys, seed, more }: Wanted): Promise<LimitSummary> {
  const { stdout } = await mustRun(
    folder,
    [
      ...["limit", "run", "--json", "--workload", "hypotest-toys", "--config", config, "--mu", mu.join(",")],
      ...["--n-toys", `${toys}`, "--seed", `${seed}`, "--shards", "2", "--threads", "1", "--nextstat-bin", nextstat()],
      ...["--out-root", join(folder, id), "--limit-id", id, ...more],
    ],
    0,
    { most_s: 900 },
  );
  return LimitSummary.parse(JSON.parse(stdout));
}

const valueOf = ({ limit, why }: LimitSummary): { value: number; error: number } => {
  assert(limit !== null, why ?? "");
  return limit;
};

Deno.test("the stated error of 200 limits with --accuracy covers the limit of 2,000,000 toys a point in 68 % ± 7 %, and none takes more than --max-toys", () =>
  inFolder(async (folder) => {
    const config = await writeCounts(folder, { signal: [10], background: [50], observed: [52] });
    const large = valueOf(
      await limitOf(folder, config, { id: "large", mu: GRID, toys: 2_000_000, seed: 100_000_000, more: [] }),
    );
    assert(large.error < ACCURACY / 10, `its error is ${large.error}`);
    const more = ["--accuracy", `${ACCURACY}`, "--max-toys", `${MAX_TOYS}`];
    let [covered, most] = [0, 0];
    for (let i = 0; i < REPEATS; i++) {
      const wanted = { id: `repeat${i}`, mu: GRID, toys: 500, seed: 42 + i * SEEDS, more };
      const summary = await limitOf(folder, config, wanted);
      const { value, error } = valueOf(summary);
      assert(summary.is_accurate && summary.n_toys <= MAX_TOYS, `repeat ${i}: ± ${error} by ${summary.n_toys} toys`);
      most = Math.max(most, summary.n_toys);
      if (Math.abs(value - large.value) <= Math.hypot(error, large.error)) covered++;
    }
    console.log(`${covered} of ${REPEATS} limits cover ${large.value} ± ${large.error}; at most ${most} toys`);
    assert(Math.abs(covered / REPEATS - 0.683) <= 0.07, `${covered} of ${REPEATS}`);
  }));
