import assert from "node:assert/strict";
import { fitToys } from "../../../core/workload/fit_toys.ts";
import { hypotestToys } from "../../../core/workload/hypotest.ts";
import { workloads } from "../../../core/workload/registry.ts";
import type { AnyOutput, Cell, ExportedShard, Workload } from "../../../core/workload/workload.ts";
import { inventedOutput } from "../../fixtures/output.ts";
import { planOf, sampleManifest } from "../../fixtures/run.ts";

const manifest = sampleManifest({ n_toys: 6, seed: 42, shards: 2 });

/** Returns the names of the columns and the rows of a shard. */
function rowsOf<Output extends AnyOutput>({ rows }: Workload<Output>, shard: ExportedShard<Output>) {
  const cells = Array.from(
    { length: rows.count(shard.output) },
    (_, i): Cell[] => rows.columns.map((column) => column.of(shard, i)),
  );
  return { names: rows.columns.map(({ name }) => name).join(), cells };
}

Deno.test("a fit has one row per toy: seed and number in the run, values of the fit, shard and host", () => {
  const toy = (seed: number) => ({ converged: true, poi_hat: 1 + seed, poi_sigma: 2, nll: -seed });
  const plan = planOf(manifest, 1);
  const { output } = fitToys.parse(inventedOutput(manifest, plan, { params: { mu: 1 }, toy }));
  const { names, cells } = rowsOf(fitToys, { plan, output, host: "n1" });
  assert.equal(names, "seed,toy,poi_hat,poi_sigma,pull,nll,converged,shard,host");
  assert.deepEqual(cells, [
    [45, 3, 46, 2, 22.5, -45, true, 1, "n1"],
    [46, 4, 47, 2, 23, -46, true, 1, "n1"],
    [47, 5, 48, 2, 23.5, -47, true, 1, "n1"],
  ]);
});

Deno.test("what nextstat gives as null is null in a row, and so is a pull of a fit that did not converge", () => {
  const none = { converged: null, poi_hat: null, poi_sigma: null, nll: null };
  const stuck = { converged: false, poi_hat: 1.5, poi_sigma: 0.5, nll: 3 };
  const exact = { converged: true, poi_hat: 1.5, poi_sigma: 0, nll: 3 };
  const plan = planOf(manifest, 0);
  const text = inventedOutput(manifest, plan, { params: { mu: 1 }, toy: (i) => [none, stuck, exact][i % 3] ?? none });
  const { cells } = rowsOf(fitToys, { plan, output: fitToys.parse(text).output, host: null });
  assert.deepEqual(cells, [
    [42, 0, null, null, null, null, null, 0, null],
    [43, 1, 1.5, 0.5, null, 3, false, 0, null],
    [44, 2, 1.5, 0, null, 3, true, 0, null],
  ]);
});

Deno.test("a hypothesis test has one row per shard and hypothesis, with the seed of the first toy of each", () => {
  const { output } = hypotestToys.parse(JSON.stringify({
    ...{ clsb: 3 / 10, clb: 5 / 9, cls: 0.54, mu_hat: 0.25, mu_test: 1, q_obs: 3.5, seed: 45 },
    ...{ n_toys: { b: 9, sb: 9 }, n_error: { b: 1, sb: 0 }, n_nonconverged: { b: 0, sb: 2 } },
  }));
  const { names, cells } = rowsOf(hypotestToys, { plan: planOf(manifest, 1), output, host: "n1" });
  assert.equal(names, "shard,toy_start,n_toys,seed,hypothesis,k,n,n_error,n_nonconverged,q_obs,mu_hat,host");
  assert.deepEqual(cells, [
    [1, 3, 9, 1_000_000_045, "sb", 2, 9, 0, 2, 3.5, 0.25, "n1"],
    [1, 3, 9, 45, "b", 4, 8, 1, 0, 3.5, 0.25, "n1"],
  ]);
});

Deno.test("no workload has two columns of a name", () => {
  for (const { rows: { columns } } of workloads()) {
    assert.equal(new Set(columns.map(({ name }) => name)).size, columns.length);
  }
});
