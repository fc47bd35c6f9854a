import assert from "node:assert/strict";
import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { LIMIT, type LimitRequest, limitScan, readPoints, recordRound } from "../../../runtime/scan/limit_runs.ts";
import { openSameScan, pointRun, renderScan } from "../../../runtime/scan/scan_runs.ts";
import { loadStudy } from "../../../runtime/sweep/study.ts";
import { extendTo } from "../../../runtime/control/extend.ts";
import { loadFarmRun, loadRun } from "../../../runtime/run/load_manifest.ts";
import { loadAdapter } from "../../../runtime/scheduler/adapters.ts";
import { inFolder } from "../../support/scratch.ts";
import { askedLimit } from "../support/asked_limit.ts";

const render = async (requested: LimitRequest, warn: (warning: string) => void = () => {}) =>
  await renderScan(LIMIT, limitScan(requested), await loadAdapter("local"), warn);
const openSame = (requested: LimitRequest) => openSameScan(LIMIT, limitScan(requested));

Deno.test("a limit is rendered as one run for each value, with seeds that do not meet, and rendered again it goes on", () =>
  inFolder(async (folder) => {
    const requested = await askedLimit(folder);
    const open = await render(requested);
    const runs = open.document.points.map((point) => loadRun(pointRun(open, point)).manifest);
    assert.deepEqual(runs.map(({ seed, farm }) => [farm?.workload?.mu, seed]), [[0.5, 7], [1, 1007]]);
    assert.deepEqual(readPoints(open).map(({ mu, cls }) => [mu, cls]), [[0.5, null], [1, null]]);
    await rm(join(folder, "l_mu1"), { recursive: true });
    await rm(open.path);
    assert.equal(openSame(requested), undefined);
    assert.deepEqual((await render(requested)).document.points, open.document.points);
    assert.equal(openSame(requested)?.path, open.path);
  }));

Deno.test("a limit with toys that have the seeds of another one beside it is warned of once, and only of those toys", () =>
  inFolder(async (folder) => {
    const requested = await askedLimit(folder);
    const warnings: string[] = [];
    await render(requested, (warning) => warnings.push(warning));
    assert.equal(warnings.length, 0);
    const { request } = requested;
    const beside = (limit_id: string, seed: number) =>
      render({ ...requested, limit_id, request: { ...request, seed } }, (warning) => warnings.push(warning));
    // More toys of its points would take free seeds.
    await beside("free", 1_000_000_000 - 100);
    assert.equal(warnings.length, 0);
    await beside("m", 1_000_000_000 - 988);
    assert.match(warnings.join("; "), /^5 of these toys have the seeds of toys in the run "l_mu0\.5" beside it: they/);
    assert.equal(warnings.length, 1);
  }));

Deno.test("a limit with other values, other room for toys, or a run of other options is refused", () =>
  inFolder(async (folder) => {
    const requested = await askedLimit(folder);
    const { path } = await render(requested);
    assert.throws(() => openSame({ ...requested, mus: [0.5, 2] }), /it has mu = 0\.5, 1; you gave mu = 0\.5, 2/);
    assert.throws(
      () => openSame({ ...requested, seed_stride: 2000 }),
      /it was made with --max-toys 1000; you gave 2000/,
    );
    const other = { ...requested, request: { ...requested.request, n_toys: 11 } };
    assert.throws(() => openSame(other), /it has --n-toys 10, you gave 11/);
    assert.throws(() => loadStudy(LIMIT, join(folder, "l_mu1", "manifest.json")), /Cannot read the limit/);
    const moved = `${folder}/moved`;
    await Deno.mkdir(moved);
    for (const name of ["l.limit.json", "l_mu0.5", "l_mu1"]) await rename(join(folder, name), join(moved, name));
    assert.equal(readPoints(loadStudy(LIMIT, join(moved, "l.limit.json"))).length, 2);
    assert(path.endsWith("/l.limit.json"));
  }));

Deno.test("a round is recorded once by commands that decided from the same points, and its toys are added once", () =>
  inFolder(async (folder) => {
    const open = await render(await askedLimit(folder));
    for (const n_toys of [15, 16]) recordRound(open, [{ run_id: "l_mu1", n_toys }]);
    const { rounds } = loadStudy(LIMIT, open.path).document;
    assert.deepEqual(rounds.map(({ toys }) => toys), [[{ run_id: "l_mu1", n_toys: 15 }]]);
    const run = loadFarmRun(join(folder, "l_mu1"));
    const adapter = await loadAdapter("local");
    await Promise.all([1, 2, 3].map(() => extendTo(run, adapter, 15)));
    await extendTo(loadFarmRun(join(folder, "l_mu1")), adapter, 12);
    const { n_toys, plans } = loadRun(join(folder, "l_mu1")).manifest;
    assert.deepEqual([n_toys, plans.map((plan) => plan.seed)], [15, [1007, 1012, 1017]]);
  }));

Deno.test("another command that renders the same limit at the same time is no error, and seeds of a limit beside are named", () =>
  inFolder(async (folder) => {
    const scan = limitScan(await askedLimit(folder));
    const adapter = await loadAdapter("local");
    const warnings: string[] = [];
    const warn = (line: string) => warnings.push(line);
    const both = await Promise.all([1, 2].map(() => renderScan(LIMIT, scan, adapter, warn)));
    assert.deepEqual(both[0]?.document.points, both[1]?.document.points);
    assert.deepEqual(warnings, []);
    await renderScan(LIMIT, limitScan({ ...await askedLimit(folder), limit_id: "k" }), adapter, warn);
    assert.match(warnings.join("\n"), /^10 of these toys have the seeds of toys in the run "l_mu0\.5" beside it: .*$/);
  }));
