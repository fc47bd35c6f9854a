import assert from "node:assert/strict";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { FarmError } from "../../../core/errors.ts";
import { loadFarmRun } from "../../../runtime/run/load_manifest.ts";
import { finishPoint } from "../../../runtime/sweep/finish_point.ts";
import {
  loadSweep,
  type OpenSweep,
  pointDir,
  readSweepFacts,
  recordOf,
  recordPoint,
} from "../../../runtime/sweep/load.ts";
import { openSameSweep, type SweepRequest } from "../../../runtime/sweep/render_sweep.ts";
import { type PointEvent, runPoints, takeSnapshot } from "../../../runtime/sweep/run_points.ts";
import { inFolder } from "../../support/scratch.ts";
import { FakeScheduler } from "../support/fake_adapter.ts";
import { inventedSweep } from "../support/invented_sweep.ts";

const OPTIONS = { mode: null, collect: true, merge: true, force: false };
const RUNNING = new AbortController().signal;

/** How each point of a sweep ended, in the words of its document. */
const statesOf = (path: string) => loadSweep(path).document.runs.map((point) => recordOf(point).state);

Deno.test("a point of a sweep is done with its merge, open while a shard has no result, and failed without its run", () =>
  inFolder(async (folder) => {
    const open = await inventedSweep(folder);
    const [first = "", second = ""] = open.document.runs.map((point) => pointDir(open, point));
    assert.deepEqual(await finishPoint(first, true, []), { state: "done", error: null });
    assert.ok(await Deno.stat(join(first, "merged.out.json")));
    await rm(join(second, "shard_1.out.json"));
    await rm(join(second, "shard_1.metrics.json"));
    const end = await finishPoint(second, true, []);
    assert.equal(end.state, "open");
    await assert.rejects(Deno.stat(join(second, "merged.out.json")), Deno.errors.NotFound);
    const gone = await finishPoint(join(folder, "gone"), true, []);
    assert.equal(gone.state, "failed");
  }));

Deno.test("a sweep that is moved with its runs is read at its new path", () =>
  inFolder(async (folder) => {
    const before = join(folder, "before");
    await mkdir(before);
    await inventedSweep(before);
    const now = join(folder, "now");
    await rename(before, now);
    const open = loadSweep(join(now, "s.sweep.json"));
    assert.deepEqual(open.document.runs.map((point) => pointDir(open, point)), [
      join(now, "s_sh2"),
      join(now, "s_sh4"),
    ]);
    assert.deepEqual(readSweepFacts(open).map(({ fault }) => fault), [null, null]);
  }));

Deno.test("a change of one point leaves the present values of the others in the document", () =>
  inFolder(async (folder) => {
    const { path } = await inventedSweep(folder);
    recordPoint(path, "s_sh2", { state: "failed", error: "no" });
    recordPoint(path, "s_sh4", { state: "ran" });
    assert.deepEqual(statesOf(path), ["failed", "ran"]);
  }));

Deno.test("a run of a sweep that fails does not stop the next, and finished ones are not run again without --force", () =>
  inFolder(async (folder) => {
    const open = await inventedSweep(folder);
    const driven: string[] = [];
    const events: PointEvent[] = [];
    const go = (force: boolean) =>
      runPoints(
        loadSweep(open.path),
        ({ dir }) => {
          driven.push(dir);
          if (driven.length === 1) throw new FarmError("shards", "no slot");
          return Promise.resolve([]);
        },
        { ...OPTIONS, force },
        RUNNING,
        (event) => events.push(event),
      );
    await go(false);
    assert.deepEqual(statesOf(open.path), ["failed", "done"]);
    assert.deepEqual(events.map(({ number, what }) => [number, what]), [
      ...[[1, "begun"], [1, "failed"], [2, "begun"], [2, "done"]],
    ]);
    await go(false);
    assert.equal(driven.length, 2);
    await go(true);
    assert.deepEqual([driven.length, statesOf(open.path)], [4, ["done", "done"]]);
  }));

Deno.test("a scheduler without an answer, and a stop, leave a point open", () =>
  inFolder(async (folder) => {
    const open = await inventedSweep(folder, 1);
    await runPoints(
      open,
      () => Promise.reject(new FarmError("unreachable", "no answer")),
      OPTIONS,
      RUNNING,
      () => {},
    );
    assert.deepEqual(statesOf(open.path), ["open"]);
    const stop = new AbortController();
    const work = () => {
      stop.abort();
      return Promise.resolve([]);
    };
    await runPoints(loadSweep(open.path), work, OPTIONS, stop.signal, () => {});
    const [point] = loadSweep(open.path).document.runs;
    assert.deepEqual([point?.farm?.state, point?.farm?.error], ["open", "interrupted"]);
  }));

Deno.test("a sweep of other scripts is not run, and a file that is no sweep is refused", () =>
  inFolder(async (folder) => {
    const open = await inventedSweep(folder, 1);
    const { farm: _, ...old } = open.document;
    const run = runPoints({ ...open, document: old }, () => Promise.resolve([]), OPTIONS, RUNNING, () => {});
    await assert.rejects(run, { kind: "input", message: /other scripts/ });
    await writeFile(open.path, "{}");
    assert.throws(() => loadSweep(open.path), { kind: "input" });
  }));

Deno.test("a pool with one failed query is unknown, never half known", async () => {
  const node = { name: "n1", state: "up", cpus: 4, cpus_busy: 1, load: null };
  const { adapter } = new FakeScheduler();
  const answering = (...programs: string[]) => ({
    ...adapter,
    programs: ["true", "false"],
    pool: () => programs.map((program) => ({ argv: [program], timeout_s: 60 })),
    readPool: () => [node],
  });
  assert.deepEqual((await takeSnapshot(answering("true"))).nodes, [node]);
  assert.equal((await takeSnapshot(answering("true", "false"))).nodes, null);
  assert.equal((await takeSnapshot(adapter)).nodes, null);
});

/** The request by which a sweep was rendered, as its runs have it. */
function requestOf({ document: sweep, path }: OpenSweep): SweepRequest {
  const { manifest } = loadFarmRun(join(sweep.out_root, "s_sh2"));
  const { gen, set, pulls, guardrails, extra_args, wrapper, mode, options } = manifest.farm;
  const { scheduler, config, n_toys, seed, threads, nextstat_bin } = manifest;
  const own = {
    out_dir: join(path, ".."),
    run_id: "s",
    shards: 2,
    freeze_gen: false,
    starts: null,
    check_starts: 0,
    workload: "fit-toys",
    mu: null,
    check: false,
    pilots: null,
    shard_minutes: null,
  };
  return {
    ...{ sweep_id: "s", repeats: 1, order_seed: 1, points: [{ shards: 2, repeat: 1, run_id: "s_sh2" }] },
    request: {
      ...{ scheduler, config, n_toys, seed, threads, nextstat_bin, gen, set, pulls, guardrails },
      ...{ extra_args, wrapper, mode, options, ...own },
    },
  };
}

Deno.test("a sweep continues with the request that it was rendered with, and with no other", () =>
  inFolder(async (folder) => {
    const open = await inventedSweep(folder, 1);
    const request = requestOf(open);
    assert.equal(openSameSweep(request)?.path, open.path);
    const more = { ...request, points: [...request.points, { shards: 4, repeat: 1, run_id: "s_sh4" }] };
    assert.throws(() => openSameSweep(more), {
      kind: "usage",
      message: /it has the runs s_sh2; you gave s_sh2, s_sh4/,
    });
    const other = { ...request, request: { ...request.request, seed: request.request.seed + 1 } };
    assert.throws(() => openSameSweep(other), { kind: "usage", message: /s_sh2" in the sweep: / });
    assert.equal(openSameSweep({ ...request, sweep_id: "another" }), undefined);
  }));
