import assert from "node:assert/strict";
import { cp, mkdir, readFile, rename, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Attempt } from "../../../core/schema/attempt.ts";
import type { FarmManifest } from "../../../core/schema/manifest.ts";
import { acceptCopy } from "../../../runtime/control/accept_copy.ts";
import { cancelRun } from "../../../runtime/control/cancel.ts";
import { startRun } from "../../../runtime/control/start.ts";
import { loadFarmRun, originOf } from "../../../runtime/run/load_manifest.ts";
import { readSubmissions } from "../../../runtime/run/submissions.ts";
import { announced, inspectWorkers } from "../../../runtime/run/workers.ts";
import { queryScheduler } from "../../../runtime/scheduler/query.ts";
import { beginAttempt } from "../../../runtime/shard/attempts.ts";
import { collectRun } from "../../../runtime/state/collect.ts";
import { scanRun } from "../../../runtime/state/scan.ts";
import { inventedRun, planOf, sampleAttempt } from "../../fixtures/run.ts";
import { writeShard } from "../../fixtures/run_dir.ts";
import { filesBelow } from "../../support/files_below.ts";
import { inFolder } from "../../support/scratch.ts";
import { MACHINE } from "../support/context.ts";
import { FakeScheduler } from "../support/fake_adapter.ts";
import { inFastTime } from "../support/fast_time.ts";

const NOW = "2026-11-24T19:01:13.121Z";
const ALIVE: typeof MACHINE = {
  ...MACHINE,
  processes: { aliveOf: (known) => Promise.resolve(new Set(known)), findByArgument: () => Promise.resolve([]) },
};

/** A scheduler that writes the run directory into its job file. */
class Scheduler extends FakeScheduler {
  readonly jobs_of = {
    ...this.adapter,
    render: ({ shards, run_dir }: { shards: number[]; run_dir: string }) => ({
      files: [{ path: "job.sh", text: `cd ${run_dir}\n`, executable: true }],
      chunks: [{ index: 0, shards }],
      warnings: [],
      by_hand: [],
    }),
  };

  get cancelledTokens() {
    return this.cancelled.map(({ token }) => token);
  }
}

interface Trial {
  dir: string;
  scheduler: Scheduler;
  settle: (dir: string) => ReturnType<typeof acceptCopy>;
}

/** A submitted run of four shards: shard 0 is done, shard 1 runs as attempt 1. */
function inRunning(work: (trial: Trial, folder: string) => Promise<void>): Promise<void> {
  return inFolder((folder) =>
    inFastTime(async () => {
      const dir = join(folder, "r");
      await mkdir(dir);
      const manifest = { ...inventedRun(dir), scheduler: "fake" };
      await writeFile(join(dir, "manifest.json"), JSON.stringify(manifest));
      await writeFile(join(dir, "job.sh"), `cd ${dir}\n`);
      const scheduler = new Scheduler();
      await startRun(loadFarmRun(dir), scheduler.jobs_of, MACHINE, { ended: false }, 0);
      const [first, second] = manifest.plans;
      assert(first && second);
      await writeShard(manifest, first);
      beginAttempt(dir, attemptOf(manifest, 1, scheduler.submitted[0] ?? ""));
      const settle = (of: string) => acceptCopy(loadFarmRun(of), () => Promise.resolve(scheduler.jobs_of));
      await work({ dir, scheduler, settle }, folder);
    })
  );
}

const attemptOf = (manifest: FarmManifest, shard: number, submission_token: string): Attempt =>
  sampleAttempt(manifest, planOf(manifest, shard), {
    ...{ wrapper: MACHINE.process, scheduler: "fake", job_id: "101", started_at_utc: NOW, submission_token },
  });

async function copied(dir: string, folder: string): Promise<string> {
  const copy = join(folder, "copy");
  await cp(dir, copy, { recursive: true });
  return copy;
}

const statesOf = async (dir: string, { jobs_of }: Scheduler) => {
  const run = loadFarmRun(dir);
  const shards = await scanRun(run, ALIVE, await queryScheduler(run, jobs_of, 0));
  return shards.map(({ state }) => state);
};

Deno.test("the jobs and processes of a run do not count as those of its copy", () =>
  inRunning(async ({ dir, scheduler }, folder) => {
    const copy = await copied(dir, folder);
    assert.deepEqual(await statesOf(dir, scheduler), ["done", "running", "running", "running"]);
    assert.deepEqual(await statesOf(copy, scheduler), ["done", "lost", "queued", "queued"]);
    const { not_ok } = await collectRun(copy, null, NOW);
    assert.deepEqual(not_ok.map(({ state }) => state), ["lost", "queued", "queued"]);
  }));

Deno.test("cancel of a copy cancels nothing of the original, before and after the copy is a run of its own", () =>
  inRunning(async ({ dir, scheduler, settle }, folder) => {
    const copy = await copied(dir, folder);
    assert.deepEqual((await cancelRun(loadFarmRun(copy), scheduler.jobs_of)).cancelled, []);
    const { run } = await settle(copy);
    assert.deepEqual((await cancelRun(run, scheduler.jobs_of)).cancelled, []);
    assert.deepEqual(scheduler.cancelledTokens, []);
    await cancelRun(loadFarmRun(dir), scheduler.jobs_of);
    assert.deepEqual(scheduler.cancelledTokens, scheduler.submitted);
  }));

Deno.test("a worker loop of a run does not count as one of its copy", () =>
  inRunning(async ({ dir, settle }, folder) => {
    const process = { ...MACHINE.process, boot_id: "another-boot" };
    const worker = {
      token: "00112233445566bb",
      run_token: loadFarmRun(dir).manifest.farm.run_token,
      process,
      slots: 1,
    };
    await announced(dir, worker, 1000, async () => {
      const copy = await copied(dir, folder);
      assert.equal((await inspectWorkers(loadFarmRun(dir), "this-boot")).elsewhere.length, 1);
      assert.equal((await inspectWorkers(loadFarmRun(copy), "this-boot")).elsewhere.length, 0);
      const { run } = await settle(copy);
      assert.equal((await inspectWorkers(run, "this-boot")).elsewhere.length, 0);
      assert.equal((await inspectWorkers(loadFarmRun(dir), "this-boot")).elsewhere.length, 1);
    });
  }));

Deno.test("a copy becomes a run of its own before its shards run: its job files and its jobs are its own", () =>
  inRunning(async ({ dir, scheduler, settle }, folder) => {
    const copy = await copied(dir, folder);
    const before = await filesBelow(dir);
    const { run, origin } = await settle(copy);
    assert.deepEqual(origin, { kind: "copied", from: dir });
    assert.equal(run.manifest.run_dir, copy);
    assert.equal(await readFile(join(copy, "job.sh"), "utf8"), `cd ${copy}\n`);
    assert.deepEqual(run.manifest, loadFarmRun(copy).manifest);
    assert.equal(run.manifest.farm.history.at(-1)?.change, `copied from ${dir}`);
    const { submissions } = await startRun(run, scheduler.jobs_of, MACHINE, { ended: true }, 0);
    assert.deepEqual(submissions.map(({ shards }) => shards), [[1, 2, 3]]);
    assert.deepEqual(await statesOf(copy, scheduler), ["done", "running", "running", "running"]);
    assert.deepEqual(readSubmissions(copy).map(({ copied_from }) => copied_from), [dir, undefined]);
    await cancelRun(run, scheduler.jobs_of);
    assert.deepEqual(scheduler.cancelledTokens, submissions.map(({ token }) => token));
    assert.deepEqual(await filesBelow(dir), before, "the original is as it was");
  }));

Deno.test("a second acceptance of a copy changes nothing, not even attempts that it has started itself", () =>
  inRunning(async ({ dir, settle }, folder) => {
    const stale = loadFarmRun(await copied(dir, folder));
    const { run } = await settle(stale.dir);
    beginAttempt(run.dir, attemptOf(run.manifest, 2, "00112233445566cc"));
    const before = await filesBelow(run.dir);
    const again = await acceptCopy(stale, () => Promise.reject(new Error("it was settled before")));
    assert.deepEqual(again.origin, { kind: "own" });
    assert.deepEqual(await filesBelow(run.dir), before);
  }));

Deno.test("a copy of a copy is distinguished from both", () =>
  inRunning(async ({ dir, scheduler, settle }, folder) => {
    const { run } = await settle(await copied(dir, folder));
    await startRun(run, scheduler.jobs_of, MACHINE, { ended: true }, 0);
    const third = join(folder, "third");
    await cp(run.dir, third, { recursive: true });
    assert.deepEqual(originOf(loadFarmRun(third)), { kind: "copied", from: run.dir });
    assert.deepEqual(await statesOf(third, scheduler), ["done", "lost", "queued", "queued"]);
  }));

Deno.test("a moved run keeps its jobs, and its job files are written anew before a submission", () =>
  inRunning(async ({ dir, scheduler, settle }, folder) => {
    const moved = join(folder, "moved");
    await rename(dir, moved);
    assert.deepEqual(originOf(loadFarmRun(moved)), { kind: "moved", from: dir });
    assert.deepEqual(await statesOf(moved, scheduler), ["done", "running", "running", "running"]);
    const { run } = await settle(moved);
    assert.equal(await readFile(join(moved, "job.sh"), "utf8"), `cd ${moved}\n`);
    assert.equal(run.manifest.farm.copy_token, undefined);
    await cancelRun(run, scheduler.jobs_of);
    assert.deepEqual(scheduler.cancelledTokens, scheduler.submitted);
  }));

Deno.test("a run that is reached through a link is not a copy of itself", () =>
  inRunning(async ({ dir }, folder) => {
    await symlink(dir, join(folder, "link"));
    assert.deepEqual(originOf(loadFarmRun(join(folder, "link"))), { kind: "own" });
  }));

Deno.test("another run at the former path of a moved one is not its original", () =>
  inRunning(async ({ dir }, folder) => {
    await rename(dir, join(folder, "moved"));
    await mkdir(dir);
    const other = inventedRun(dir);
    const farm = { ...other.farm, run_token: "ffeeddccbbaa9988" };
    await writeFile(join(dir, "manifest.json"), JSON.stringify({ ...other, farm }));
    assert.deepEqual(originOf(loadFarmRun(join(folder, "moved"))), { kind: "moved", from: dir });
  }));

Deno.test("a run whose original is unreadable is a copy: the jobs on record are left alone", () =>
  inRunning(async ({ dir }, folder) => {
    const copy = join(folder, "copy");
    await rename(dir, copy);
    // A link to itself cannot be followed, as root too: like a folder that may not be entered, it tells nothing.
    await symlink(dir, dir);
    assert.deepEqual(originOf(loadFarmRun(copy)), { kind: "copied", from: dir });
    await Deno.remove(dir);
  }));
