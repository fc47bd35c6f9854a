import assert from "node:assert/strict";
import { type CollectedRun, describeCost, earlierCost, trialCost } from "../../core/cost.ts";
import { sampleManifest } from "../fixtures/run.ts";

const manifest = sampleManifest({ n_toys: 10_000, shards: 200 });
const TRIAL = {
  ...{ at_bounds: [], warnings: [], channels: [] },
  toy: { poi: "mu", poi_true: 1, poi_hat: 1, fit_cpu_s: 1.2, startup_cpu_s: 0.05 },
};

Deno.test("the cost of a run is told from the trial fit, with the start-up of the shards where that matters", () => {
  const cost = trialCost({ ...manifest, farm: { ...manifest.farm, trial: TRIAL } });
  assert.ok(cost);
  assert.equal(
    describeCost(manifest, new Set(), cost),
    "about 3.3 CPU hours (10000 toys at 1.2 s each, from the trial fit)",
  );
  assert.equal(
    describeCost(manifest, new Set(), { ...cost, toy_s: 0.012, startup_s: 3 }),
    "about 12 CPU minutes (10000 toys at 12 ms each, 3.0 s of start-up for each of 200 shards, from the trial fit)",
  );
  assert.equal(trialCost(manifest), null);
  assert.equal(
    trialCost({
      ...manifest,
      farm: { ...manifest.farm, trial: { ...TRIAL, toy: { ...TRIAL.toy, fit_cpu_s: undefined } } },
    }),
    null,
  );
});

Deno.test("only open shards cost, and a run whose shards are all there costs nothing", () => {
  const cost = { toy_s: 0.5, startup_s: 0, from: "the trial fit" };
  const all = manifest.plans.map(({ shard_index }) => shard_index);
  assert.match(
    describeCost(manifest, new Set(all.slice(1)), cost) ?? "",
    /^about 25 CPU seconds \(50 toys at 0\.5 s each/,
  );
  assert.equal(describeCost(manifest, new Set(all), cost), null);
});

Deno.test("the last run of the same fits gives the cost of a toy, no other run does", () => {
  const run: CollectedRun = {
    k: 1,
    ...{ run_id: "study1", n_toys: 2000, collected_at_utc: "2026-11-25T10:00:00.000Z", cpu_s: 4000 },
    ...{ spec_sha256: manifest.farm.spec_sha256, gen: manifest.farm.gen, pulls: manifest.farm.pulls, workload: null },
  };
  const last = { ...run, run_id: "study2", cpu_s: 5000, collected_at_utc: "2026-11-26T10:00:00.000Z" };
  assert.deepEqual(earlierCost(manifest, [last, run]), { toy_s: 2.5, startup_s: 0, from: 'the run "study2"' });
  const others = [{ k: 2 }, { spec_sha256: "2b".repeat(32) }, { gen: "mle" }, { pulls: !run.pulls }, {
    workload: "hypotest-toys",
  }, { run_id: manifest.run_id }];
  for (const change of [...others, { cpu_s: 0 }]) assert.equal(earlierCost(manifest, [{ ...run, ...change }]), null);
});
