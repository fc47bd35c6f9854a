import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { SUBMIT_LOCK } from "../../../core/run_paths.ts";
import type { ShardState } from "../../../core/schema/enums.ts";
import type { FarmManifest } from "../../../core/schema/manifest.ts";
import { cancelRun, cancelWaiting, endJobs, leftWords } from "../../../runtime/control/cancel.ts";
import { startRun } from "../../../runtime/control/start.ts";
import { whileLocked } from "../../../runtime/fs/exclusive.ts";
import { readSubmissions, recordSubmission } from "../../../runtime/run/submissions.ts";
import { inventedRun } from "../../fixtures/run.ts";
import { inFolder } from "../../support/scratch.ts";
import { MACHINE, runOf } from "../support/context.ts";
import { FakeScheduler } from "../support/fake_adapter.ts";
import { inFastTime } from "../support/fast_time.ts";

const ENDED = { 0: "cancelled", 1: "cancelled", 2: "cancelled", 3: "cancelled" } as const;

/** A run of four shards whose scheduler is a fake. */
function inRun(work: (trial: Trial) => Promise<void>, pilots: number | null = null): Promise<void> {
  return inFolder(async (folder) => {
    const dir = join(folder, "r");
    await mkdir(dir);
    const manifest = inventedRun(dir);
    const one = { ...manifest, scheduler: "fake", farm: { ...manifest.farm, pilots } };
    await writeFile(join(dir, "manifest.json"), JSON.stringify(one));
    await inFastTime(() => work(new Trial(dir, one)));
  });
}

class Trial {
  readonly fake = new FakeScheduler();
  constructor(readonly dir: string, readonly manifest: FarmManifest) {}

  get run() {
    return runOf(this.dir, this.manifest);
  }

  start(ended = false, cancelled: number[] = []) {
    return startRun(this.run, this.fake.adapter, MACHINE, { ended, cancelled }, 0);
  }

  cancel = () => cancelRun(this.run, this.fake.adapter);

  cancelWaiting(...states: ShardState[]) {
    return cancelWaiting(this.run, this.fake.adapter, MACHINE, new Set(states));
  }

  /** As the driver does it when all shards are done. */
  endJobs() {
    const progress = { done: 4, total: 4 };
    return endJobs(this.run, this.fake.adapter, progress, new AbortController().signal);
  }

  get cancelledTokens() {
    return this.fake.cancelled.map(({ token }) => token);
  }
}

const idsOf = ({ cancelled, left }: Pick<Awaited<ReturnType<typeof cancelRun>>, "cancelled" | "left">) => ({
  cancelled: cancelled.map(({ job_id }) => job_id),
  left: left.map(({ job_id, state }) => `${job_id} ${state}`),
});

for (const pilots of [null, 2]) {
  const what = pilots === null ? "arrays" : "pilots";
  Deno.test(`cancel stops the jobs of every submission of a run: ${what}`, () =>
    inRun(async (trial) => {
      trial.fake.array_size = 3;
      await trial.start();
      assert.deepEqual(idsOf(await trial.cancel()), { cancelled: ["101", "102"], left: [] });
      assert.deepEqual(trial.cancelledTokens, trial.fake.submitted);
      assert.deepEqual(idsOf(await trial.cancel()), { cancelled: [], left: [] });
    }, pilots));
}

Deno.test("cancel stops the jobs of a submission whose shards were resubmitted since", () =>
  inRun(async (trial) => {
    await trial.start();
    const [first = ""] = trial.fake.submitted;
    trial.fake.own.set(first, { 0: "failed", 1: "failed", 2: "failed", 3: "failed" });
    await trial.start(true);
    trial.fake.own.set(first, {});
    await trial.cancel();
    assert.deepEqual(trial.cancelledTokens, trial.fake.submitted);
  }));

for (const state of ["queued", "running", "held"] as const) {
  Deno.test(`cancel names a job that the scheduler still has because a site renamed it: ${state}`, () =>
    inRun(async (trial) => {
      trial.fake.array_size = 2;
      await trial.start();
      const [, renamed = ""] = trial.fake.submitted;
      trial.fake.renamed.add(renamed);
      trial.fake.own.set(renamed, { 2: "done", 3: state });
      const { cancelled, left } = await trial.cancel();
      assert.deepEqual(idsOf({ cancelled, left }), { cancelled: ["101"], left: [`102 ${state}`] });
      assert.match(
        left.map((job) => leftWords("fake", job)).join(),
        /^fake job 102 is still \w+ .*cancel it by its id$/,
      );
    }));
}

Deno.test("cancel waits for jobs that need a moment to end, and they count as cancelled", () =>
  inRun(async (trial) => {
    await trial.start();
    const [token = ""] = trial.fake.submitted;
    trial.fake.after_cancel = () => "running";
    let n_queries = 0;
    trial.fake.onQuery = () => {
      if (trial.fake.cancelled.length > 0 && n_queries++ === 20) trial.fake.own.set(token, ENDED);
    };
    assert.deepEqual(idsOf(await trial.cancel()), { cancelled: ["101"], left: [] });
  }));

Deno.test("cancel reports that the scheduler cannot say whether the cancelled jobs are gone", () =>
  inRun(async (trial) => {
    await trial.start();
    let answers = 0;
    trial.fake.onQuery = () => trial.fake.is_up = trial.fake.cancelled.length === 0 || answers++ === 0;
    await assert.rejects(trial.cancel(), { kind: "unreachable" });
  }));

for (const state of ["intent", "unclear"] as const) {
  Deno.test(`cancel first searches for a submission without an answer (${state}) by its token`, () =>
    inRun(async (trial) => {
      const token = "00112233445566aa";
      const [shards, at] = [[0, 1, 2, 3], "2026-11-24T19:01:12.542Z"];
      recordSubmission(trial.dir, {
        ...{ token, state, scheduler: "fake", command: ["true"], shards, job_id: null, answer: null },
        intended_at_utc: at,
        answered_at_utc: null,
      });
      trial.fake.jobs.set(token, "77");
      assert.deepEqual(idsOf(await trial.cancel()), { cancelled: ["77"], left: [] });
      assert.deepEqual(trial.cancelledTokens, [token]);
    }));
}

Deno.test("cancel finds a job that appeared after its submission was given up", () =>
  inRun(async (trial) => {
    Object.assign(trial.fake, { says: "unclear", takes: false });
    await assert.rejects(trial.start());
    const [token = ""] = trial.fake.submitted;
    trial.fake.jobs.set(token, "77");
    assert.deepEqual(idsOf(await trial.cancel()), { cancelled: ["77"], left: [] });
  }));

Deno.test("cancel waits for a submission that is under way, and cancels its jobs", () =>
  inRun(async (trial) => {
    let cancelling: Promise<unknown> = Promise.resolve();
    await whileLocked(join(trial.dir, SUBMIT_LOCK), async () => {
      cancelling = trial.cancel();
      await new Promise((resolve) => setTimeout(resolve, 50));
      recordSubmission(trial.dir, {
        ...{ token: "00112233445566aa", state: "submitted", scheduler: "fake", command: [], shards: [0] },
        ...{ job_id: "77", answer: null, intended_at_utc: "2026-11-24T19:01:12.542Z", answered_at_utc: null },
      });
      trial.fake.jobs.set("00112233445566aa", "77");
    });
    await cancelling;
    assert.deepEqual(trial.cancelledTokens, ["00112233445566aa"]);
  }));

Deno.test("cancel reports an unknown submission, and does not claim that nothing runs", () =>
  inRun(async (trial) => {
    trial.fake.says = "unclear";
    trial.fake.during = () => trial.fake.is_up = false;
    await assert.rejects(trial.start());
    await assert.rejects(trial.cancel(), { kind: "unreachable" });
    assert.deepEqual(readSubmissions(trial.dir).map(({ state }) => state), ["unclear"]);
  }));

Deno.test("running pilots are never cancelled in favour of waiting ones, whatever their job numbers", () =>
  inRun(async (trial) => {
    await trial.start();
    const [token = ""] = trial.fake.submitted;
    trial.fake.own.set(token, { 0: "running", 1: "running", 2: "queued", 3: "queued" });
    assert.deepEqual(await trial.cancelWaiting("held", "queued"), [0, 1, 2, 3], "all wait for a pilot");
    assert.deepEqual(trial.fake.cancelled, [{ token, shards: [2, 3] }]);
  }, 4));

Deno.test("nothing is cancelled or submitted while all pilots run", () =>
  inRun(async (trial) => {
    await trial.start();
    const cancelled = await trial.cancelWaiting("held", "queued");
    assert.deepEqual(cancelled, []);
    assert.deepEqual((await trial.start(true, cancelled)).submissions, []);
    assert.deepEqual(trial.fake.cancelled, []);
  }, 4));

Deno.test("held pilots are replaced although others run", () =>
  inRun(async (trial) => {
    await trial.start();
    const [token = ""] = trial.fake.submitted;
    trial.fake.own.set(token, { 0: "running", 1: "held", 2: "held", 3: "held" });
    assert.deepEqual(await trial.cancelWaiting("held"), [0, 1, 2, 3]);
    assert.deepEqual(trial.fake.cancelled, [{ token, shards: [1, 2, 3] }]);
  }, 4));

Deno.test("a suspended job that needs a moment to end is awaited, and its shard is resubmitted", () =>
  inRun(async (trial) => {
    await trial.start();
    const [token = ""] = trial.fake.submitted;
    trial.fake.own.set(token, { 0: "held", 1: "held", 2: "running", 3: "running" });
    let n_queries = 0;
    trial.fake.after_cancel = (shard) => shard === 0 ? "running" : "cancelled";
    trial.fake.onQuery = () => {
      if (trial.fake.cancelled.length > 0 && n_queries++ === 3) trial.fake.own.get(token)![0] = "cancelled";
    };
    const cancelled = await trial.cancelWaiting("held");
    assert.deepEqual(cancelled, [0, 1]);
    const { submissions } = await trial.start(true, cancelled);
    assert.deepEqual(submissions.map(({ shards }) => shards), [[0, 1]]);
  }));

Deno.test("pilots without an open shard end by themselves and are not cancelled; waiting ones are", () =>
  inRun(async (trial) => {
    await trial.start();
    const [token = ""] = trial.fake.submitted;
    trial.fake.own.set(token, { 0: "running", 1: "running", 2: "queued", 3: "queued" });
    let n_queries = 0;
    trial.fake.onQuery = () => {
      if (n_queries++ === 6) trial.fake.own.set(token, { 0: "done", 1: "done", 2: "cancelled", 3: "cancelled" });
    };
    await trial.endJobs();
    assert.deepEqual(trial.fake.cancelled, [{ token, shards: [2, 3] }]);
  }, 4));

Deno.test("a pilot that does not end when all is done is cancelled", () =>
  inRun(async (trial) => {
    await trial.start();
    await trial.endJobs();
    assert.deepEqual(trial.fake.cancelled, [{ token: trial.fake.submitted[0], shards: null }]);
  }, 4));

for (const state of ["queued", "held"] as const) {
  Deno.test(`a job that was requeued although its shard is done is cancelled at the end of the run: ${state}`, () =>
    inRun(async (trial) => {
      await trial.start();
      const [token = ""] = trial.fake.submitted;
      trial.fake.own.set(token, { 0: "done", 1: state, 2: "done", 3: "done" });
      assert.deepEqual(await trial.endJobs(), []);
      assert.deepEqual(trial.cancelledTokens, [token]);
      trial.fake.own.set(token, { 0: "done", 1: state, 2: "done", 3: "done" });
      trial.fake.renamed.add(token);
      const words = leftWords("fake", { job_id: "101", token, state });
      assert.deepEqual(await trial.endJobs(), [words], "renamed by a site: the run says so");
    }));
}

Deno.test("jobs that end by themselves when all shards are done are awaited, not cancelled", () =>
  inRun(async (trial) => {
    await trial.start();
    const [token = ""] = trial.fake.submitted;
    let n_queries = 0;
    trial.fake.onQuery = () => {
      if (n_queries++ === 3) trial.fake.own.set(token, { 0: "done", 1: "done", 2: "done", 3: "done" });
    };
    await trial.endJobs();
    assert.deepEqual(trial.fake.cancelled, []);
  }));

Deno.test("a job that runs its shard once more is cancelled if it does not end", () =>
  inRun(async (trial) => {
    await trial.start();
    const [token = ""] = trial.fake.submitted;
    trial.fake.own.set(token, { 0: "done", 1: "running", 2: "done", 3: "done" });
    await trial.endJobs();
    assert.deepEqual(trial.cancelledTokens, [token]);
  }));

Deno.test("the end of a run reports that the scheduler cannot say whether a job is left, and how to cancel it", () =>
  inRun(async (trial) => {
    await trial.start();
    trial.fake.is_up = false;
    const [line = "", ...more] = await trial.endJobs();
    assert.match(
      line,
      /^Cannot cancel the run's jobs with fake: it is down; if jobs of this run are left: nsfarm-deno cancel /,
    );
    assert.deepEqual(more, []);
  }));
