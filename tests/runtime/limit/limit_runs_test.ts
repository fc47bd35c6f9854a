import assert from "node:assert/strict";
import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { RunRequest } from "../../../core/request.ts";
import { loadLimit, openSameLimit, pointRun, readPoints, renderLimit } from "../../../runtime/limit/limit_runs.ts";
import { loadRun } from "../../../runtime/run/load_manifest.ts";
import { loadAdapter } from "../../../runtime/scheduler/adapters.ts";
import { NO_GUARDRAILS } from "../../fixtures/run.ts";
import { nextstat } from "../../support/farm.ts";
import { inFolder } from "../../support/scratch.ts";
import { writeWorkspace } from "../../support/workspace.ts";

async function asked(folder: string) {
  const request: RunRequest = {
    ...{ scheduler: "local", config: await writeWorkspace(folder), n_toys: 10, seed: 7, shards: 2, threads: 1 },
    ...{ nextstat_bin: nextstat(), out_dir: folder, run_id: "l", workload: "hypotest-toys", mu: 0.5, gen: "init" },
    ...{ set: {}, freeze_gen: false, pulls: false, guardrails: NO_GUARDRAILS, extra_args: [], wrapper: "binary" },
    ...{ mode: "shared", pilots: null, shard_minutes: null, options: {}, check: false },
  };
  return { limit_id: "l", mus: [0.5, 1], seed_stride: 1000, request };
}

const render = async (requested: Awaited<ReturnType<typeof asked>>) =>
  await renderLimit(requested, await loadAdapter("local"), () => {});

Deno.test("a limit is rendered as one run for each value, with seeds that do not meet, and rendered again it goes on", () =>
  inFolder(async (folder) => {
    const requested = await asked(folder);
    const open = await render(requested);
    const runs = open.limit.points.map((point) => loadRun(pointRun(open, point)).manifest);
    assert.deepEqual(runs.map(({ seed, farm }) => [farm?.workload?.mu, seed]), [[0.5, 7], [1, 1007]]);
    assert.deepEqual(readPoints(open).map(({ mu, cls }) => [mu, cls]), [[0.5, null], [1, null]]);
    await rm(join(folder, "l_mu1"), { recursive: true });
    await rm(open.path);
    assert.equal(openSameLimit(requested), undefined);
    assert.deepEqual((await render(requested)).limit.points, open.limit.points);
    assert.equal(openSameLimit(requested)?.path, open.path);
  }));

Deno.test("a limit with other values, other room for toys, or a run of other options is refused", () =>
  inFolder(async (folder) => {
    const requested = await asked(folder);
    const { path } = await render(requested);
    assert.throws(() => openSameLimit({ ...requested, mus: [0.5, 2] }), /it has mu = 0\.5, 1; you gave 0\.5, 2/);
    assert.throws(() => openSameLimit({ ...requested, seed_stride: 2000 }), /room for 1000 toys, not 2000/);
    const other = { ...requested, request: { ...requested.request, n_toys: 11 } };
    assert.throws(() => openSameLimit(other), /it has --n-toys 10, you gave 11/);
    assert.throws(() => loadLimit(join(folder, "l_mu1", "manifest.json")), /Cannot read the limit/);
    const moved = `${folder}/moved`;
    await Deno.mkdir(moved);
    for (const name of ["l.limit.json", "l_mu0.5", "l_mu1"]) await rename(join(folder, name), join(moved, name));
    assert.equal(readPoints(loadLimit(join(moved, "l.limit.json"))).length, 2);
    assert(path.endsWith("/l.limit.json"));
  }));
