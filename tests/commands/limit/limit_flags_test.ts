import assert from "node:assert/strict";
import { hypotestToys } from "../../../core/workload/hypotest.ts";
import { addWorkload } from "../../../core/workload/registry.ts";
import { loadAdapter } from "../../../runtime/scheduler/adapters.ts";
import { nextstat } from "../../support/farm.ts";
import { inFolder } from "../../support/scratch.ts";
import { writeWorkspace } from "../../support/workspace.ts";

const { merge } = hypotestToys;
addWorkload({ ...hypotestToys, name: "counts", merge: merge && { ...merge, schema: "counts" } });
// Imported after that, since --workload accepts the workloads that there are when its file is loaded.
const { readLimitRequest, readWanted } = await import("../../../commands/limit/limit_flags.ts");

async function ask(change: Record<string, unknown>): Promise<ReturnType<typeof readLimitRequest>> {
  const found: ReturnType<typeof readLimitRequest>[] = [];
  await inFolder(async (folder) => {
    const config = await writeWorkspace(folder);
    const given = { workload: "hypotest-toys", config, mu: "0.5,1,1.5", nToys: 100, shards: 2, outRoot: folder };
    const options = { seed: 7, threads: 1, gen: "init", mode: "shared", nextstatBin: nextstat(), ...given, ...change };
    found.push(readLimitRequest(options, await loadAdapter("local")));
  });
  const [request] = found;
  assert(request);
  return request;
}

Deno.test("the points of a limit have seeds as far apart as toys may be added", async () => {
  const { mus, seed_stride, max_toys, request } = await ask({});
  assert.deepEqual(mus, [0.5, 1, 1.5]);
  assert.deepEqual([seed_stride, max_toys, request.seed, request.n_toys], [6000, 6000, 7, 100]);
  assert.equal((await ask({ maxToys: 500 })).seed_stride, 500);
});

for (
  const [what, change, wanted] of [
    ["fewer toys than all points have", { maxToys: 299 }, /--max-toys 299: 3 points of 100 toys are 300/],
    ["toys whose seeds would meet", { maxToys: 400_000_000 }, /their seeds would meet those of the other hypothesis/],
    ["a workload whose result has no CLs", { workload: "counts" }, /with --workload counts: wanted unbinned-hypotest/],
    ["another workload", { workload: "fit-toys" }, /wanted unbinned-hypotest-toys or hypotest-toys/],
  ] satisfies [string, Record<string, unknown>, RegExp][]
) Deno.test(`a limit with ${what} is refused`, () => assert.rejects(() => ask(change), wanted));

Deno.test("without --accuracy a limit gets no more toys", () => {
  assert.deepEqual(readWanted({ cl: 0.9, accuracy: undefined }), { cl: 0.9, accuracy: null });
});
