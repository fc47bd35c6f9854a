import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Submission } from "../../../core/schema/submit_meta.ts";
import { quoteWord } from "../../../core/shell_quote.ts";
import { type Again, startRun } from "../../../runtime/control/start.ts";
import { changeSubmitMeta, readSubmissions, recordSubmission, twiceQueued } from "../../../runtime/run/submissions.ts";
import { queryScheduler } from "../../../runtime/scheduler/query.ts";
import { scanRun } from "../../../runtime/state/scan.ts";
import { type RunStatus, runStatus } from "../../../runtime/state/status.ts";
import type { Answer, CommandResult, Handle, NativeState, RenderContext } from "../../../schedulers/adapter.ts";
import { inventedRun } from "../../fixtures/run.ts";
import { writeShard } from "../../fixtures/run_dir.ts";
import { inFolder } from "../../support/scratch.ts";
import { MACHINE, runOf } from "../support/context.ts";
import { FakeScheduler } from "../support/fake_adapter.ts";
import { inFastTime } from "../support/fast_time.ts";

/** A run of four shards whose scheduler is a fake. */
function inRun(work: (run: Trial) => Promise<void>): Promise<void> {
  return inFolder(async (folder) => {
    const dir = join(folder, "r");
    await mkdir(dir);
    const manifest = { ...inventedRun(dir), scheduler: "fake" };
    await writeFile(join(dir, "manifest.json"), JSON.stringify(manifest));
    await inFastTime(() => work(new Trial(dir, manifest)));
  });
}

class Trial {
  readonly fake = new FakeScheduler();
  constructor(readonly dir: string, readonly manifest: ReturnType<typeof inventedRun>) {}

  start(again: Again = { ended: false }, grace_s = 0) {
    return startRun(runOf(this.dir, this.manifest), this.fake.adapter, MACHINE, again, grace_s);
  }

  /** What `status` shows, without a wait for late files. */
  async status(): Promise<RunStatus> {
    const open = runOf(this.dir, this.manifest);
    const answer = await queryScheduler(open, this.fake.adapter, 0);
    return runStatus(open, await scanRun(open, MACHINE, answer), answer, [], this.fake.adapter);
  }

  /** What is on disk of each submission. */
  states(): [state: string, shards: number[], job_id: string | null][] {
    return readSubmissions(this.dir).map(({ state, shards, job_id }) => [state, shards, job_id]);
  }

  finish(shard: number): Promise<void> {
    const plan = this.manifest.plans[shard];
    assert(plan);
    return writeShard(this.manifest, plan);
  }
}

const ALL = [0, 1, 2, 3];
const UNANSWERED = "unknown: its submission has no answer";

Deno.test("shards that were never started are submitted once, and the intent is on disk before the scheduler is called", () =>
  inRun(async (run) => {
    let before: unknown;
    run.fake.during = () => before = run.states();
    const { submissions } = await run.start();
    assert.deepEqual(before, [["intent", ALL, null]]);
    assert.deepEqual(run.states(), [["submitted", ALL, "101"]]);
    assert.deepEqual(submissions.map((one) => one.token), run.fake.submitted);
    const again = await run.start();
    assert.deepEqual(again.submissions, []);
    assert.match(
      again.nothing,
      /^Nothing to submit: 4 shards queued or running, 0 done; nothing is wrong: .*status .* --watch$/,
    );
    assert.equal(run.fake.submitted.length, 1);
  }));

Deno.test("of two commands at the same time one submits, also on a file system without locks", () =>
  inRun(async (run) => {
    const proto = Deno.FsFile.prototype;
    const real = { lock: proto.lock, lockSync: proto.lockSync };
    proto.lock = () => Promise.reject(new Error("Function not implemented (os error 38)"));
    proto.lockSync = () => {
      throw new Error("Function not implemented (os error 38)");
    };
    run.fake.array_size = 2;
    try {
      const both = await Promise.all([run.start(), run.start(), run.start({ ended: true })]);
      assert.equal(both.flatMap(({ submissions }) => submissions).length, 2);
      assert.deepEqual(run.states().map(([, shards]) => shards).sort(), [[0, 1], [2, 3]]);
    } finally {
      Object.assign(proto, real);
    }
  }));

Deno.test("finished shards are not submitted", () =>
  inRun(async (run) => {
    for (const shard of [0, 2]) await run.finish(shard);
    await run.start();
    assert.deepEqual(run.states(), [["submitted", [1, 3], "101"]]);
    for (const shard of [1, 3]) await run.finish(shard);
    assert.equal((await run.start()).nothing, "Nothing to submit: all 4 shards are done");
  }));

Deno.test("an unclear answer is resolved by the token: an existing job is the submission's", () =>
  inRun(async (run) => {
    run.fake.says = "unclear";
    await run.start();
    assert.deepEqual(run.states(), [["submitted", ALL, "101"]]);
    assert.equal(run.fake.submitted.length, 1);
  }));

Deno.test("an unknown message is no refusal: an existing job with the token is the submission's", () =>
  inRun(async (run) => {
    run.fake.says = "words";
    await run.start();
    assert.deepEqual(run.states(), [["submitted", ALL, "101"]]);
    assert.deepEqual((await run.start()).submissions, []);
  }));

Deno.test("an unknown message is a refusal where the queue has no job with the token", () =>
  inRun(async (run) => {
    Object.assign(run.fake, { says: "words", takes: false });
    await assert.rejects(run.start(), {
      kind: "unreachable",
      message: "fake did not accept the jobs: it says words; no job with its token is in its queue",
      next: /^No job was queued; fix this/,
    });
    assert.equal(run.fake.finds, 2, "for a job that was submitted by hand before, and for this one");
    assert.deepEqual(run.states(), [["refused", ALL, null]]);
  }));

for (const says of ["unclear", "words"] as const) {
  Deno.test(`a job that appears after it was given up (${says}) is found by the next command, and nothing is submitted twice`, () =>
    inRun(async (run) => {
      Object.assign(run.fake, { says, takes: false });
      await assert.rejects(run.start());
      run.fake.jobs.set(run.fake.submitted[0] ?? "", "77");
      Object.assign(run.fake, { says: "ok", takes: true });
      assert.deepEqual((await run.start({ ended: true })).submissions, []);
      assert.deepEqual(run.states(), [["submitted", ALL, "77"]]);
    }));
}

Deno.test("of several numbers that a submission prints, the job id is the one whose job has our token", () =>
  inRun(async (run) => {
    run.fake.ids = ["12", "101"];
    await run.start();
    assert.deepEqual(run.states(), [["submitted", ALL, "101"]]);
  }));

Deno.test("a job that a site's submit command queued twice is recorded with both ids, a number that is no job is not", () =>
  inRun(async (run) => {
    run.fake.ids = ["12", "901", "101"];
    run.fake.further.add("901");
    const { submissions } = await run.start();
    assert.deepEqual(run.states(), [["submitted", ALL, "101"]]);
    assert.deepEqual(submissions.map(({ further_job_ids }) => further_job_ids), [["901"]]);
    assert.match(
      twiceQueued(submissions).join("\n"),
      /^fake queued the same shards as jobs 101 and 901: .*cancel job 901/,
    );
  }));

Deno.test("of several numbers the first is the job id where no job with the token can be found any more", () =>
  inRun(async (run) => {
    Object.assign(run.fake, { ids: ["101", "12"], takes: false });
    await run.start();
    assert.deepEqual(run.states(), [["submitted", ALL, "101"]]);
  }));

for (const says of ["refused", "words"] as const) {
  Deno.test(`jobs that were queued are named where a later array is refused (${says})`, () =>
    inRun(async (run) => {
      run.fake.array_size = 3;
      run.fake.during = () => {
        if (run.fake.submitted.length === 2) Object.assign(run.fake, { says, takes: false });
      };
      await assert.rejects(run.start(), {
        kind: "unreachable",
        next: `Queued: job 101 of 3 shards; 1 shard left; continue with: nsfarm-deno submit ${quoteWord(run.dir)}`,
      });
      assert.deepEqual(run.states(), [["submitted", [0, 1, 2], "101"], ["refused", [3], null]]);
    }));
}

Deno.test("an unclear answer without any job for a long time is a refusal, and the shards are open again", () =>
  inRun(async (run) => {
    Object.assign(run.fake, { says: "unclear", takes: false });
    await assert.rejects(run.start(), { kind: "unreachable", message: /fake did not accept the jobs/ });
    assert.deepEqual(run.states(), [["refused", ALL, null]]);
    Object.assign(run.fake, { says: "ok", takes: true });
    await run.start();
    assert.deepEqual(run.states(), [["refused", ALL, null], ["submitted", ALL, "102"]]);
  }));

Deno.test("an unclear submission stays unclear while the scheduler is unreachable, and nothing is submitted twice", () =>
  inRun(async (run) => {
    run.fake.says = "unclear";
    run.fake.during = () => run.fake.is_up = false;
    await assert.rejects(run.start(), {
      kind: "unreachable",
      message: /Cannot determine whether fake accepted the jobs/,
    });
    assert.deepEqual(run.states(), [["unclear", ALL, null]]);
    await assert.rejects(run.start(), { kind: "unreachable" });
    assert.equal(run.fake.submitted.length, 1);
    run.fake.is_up = true;
    assert.deepEqual((await run.start()).submissions, []);
    assert.deepEqual(run.states(), [["submitted", ALL, "101"]]);
    assert.equal(run.fake.submitted.length, 1);
  }));

Deno.test("while a submission is not answered its shards are unknown, not lost, and status names the command that searches", () =>
  inRun(async (run) => {
    run.fake.says = "unclear";
    run.fake.during = () => run.fake.is_up = false;
    await assert.rejects(run.start(), { kind: "unreachable" });
    run.fake.is_up = true;
    const { shards, ended, summary } = await run.status();
    assert.deepEqual(new Set(shards.map(({ state, why }) => `${state}: ${why}`)), new Set([UNANSWERED]));
    assert.equal(ended, false, "its jobs may be in the queue");
    assert.match(summary.advice.join("\n"), /^submit again when the scheduler answers: .*: nsfarm-deno submit /);
    await run.start();
    assert.deepEqual(new Set((await run.status()).shards.map(({ state }) => state)), new Set(["running"]));
  }));

Deno.test("while a submission is on its way its shards are unknown", () =>
  inRun(async (run) => {
    let during: Promise<RunStatus> | undefined;
    run.fake.during = () => during = run.status();
    await run.start();
    const during_first = (await during)?.shards.map(({ state, why }) => `${state}: ${why}`);
    assert.deepEqual(new Set(during_first), new Set([UNANSWERED]));
  }));

/** What a submit command leaves that is killed after its intent and before its answer. */
const intent = (token: string): Submission => ({
  token,
  state: "intent",
  scheduler: "fake",
  command: ["true"],
  shards: ALL,
  job_id: null,
  intended_at_utc: "2026-11-24T19:01:12.542Z",
  answered_at_utc: null,
  answer: null,
});

Deno.test("the intent of a killed command is searched for first: if found, it is adopted, and nothing is submitted", () =>
  inRun(async (run) => {
    const token = "00112233445566aa";
    recordSubmission(run.dir, intent(token));
    run.fake.jobs.set(token, "77");
    assert.deepEqual((await run.start()).submissions, []);
    assert.deepEqual(run.states(), [["submitted", ALL, "77"]]);
    assert.deepEqual(run.fake.submitted, []);
  }));

Deno.test("the intent of a command that was killed before the call is a refusal, then all is submitted", () =>
  inRun(async (run) => {
    recordSubmission(run.dir, intent("00112233445566aa"));
    await run.start();
    assert.deepEqual(run.states(), [["refused", ALL, null], ["submitted", ALL, "101"]]);
  }));

Deno.test("a refusal is reported with the scheduler's message, and stays on record", () =>
  inRun(async (run) => {
    Object.assign(run.fake, { says: "refused", takes: false });
    await assert.rejects(run.start(), { kind: "unreachable", message: "fake refused the jobs: it says refused" });
    assert.deepEqual(run.states(), [["refused", ALL, null]]);
  }));

Deno.test("a scheduler that cannot be queried about earlier jobs gets no new ones", () =>
  inRun(async (run) => {
    await run.start();
    run.fake.is_up = false;
    await assert.rejects(run.start({ ended: true }), {
      kind: "unreachable",
      message: /Cannot query the run's jobs with fake: it is down/,
    });
    assert.equal(run.fake.submitted.length, 1);
  }));

for (const state of ["failed", "cancelled", "timed_out", "out_of_memory", "preempted"] as const) {
  Deno.test(`shards that are ${state} are resubmitted by retry, and not by submit`, () =>
    inRun(async (run) => {
      await run.start();
      run.fake.state = state;
      assert.match(
        (await run.start()).nothing,
        /4 shards ended without a result, 0 done; .*nsfarm-deno retry .* --wait$/,
      );
      await run.start({ ended: true });
      assert.deepEqual(run.states(), [["submitted", ALL, "101"], ["submitted", ALL, "102"]]);
    }));
}

for (const state of ["queued", "running", "held", "unknown"] as const) {
  Deno.test(`shards that are ${state} are never resubmitted, not even by retry`, () =>
    inRun(async (run) => {
      await run.start();
      run.fake.state = state;
      assert.deepEqual((await run.start({ ended: true })).submissions, []);
      assert.equal(run.fake.submitted.length, 1);
    }));
}

Deno.test("held jobs are reported as held, and only cancelled ones are replaced", () =>
  inRun(async (run) => {
    await run.start();
    run.fake.state = "held";
    assert.match(
      (await run.start()).nothing,
      /the jobs of 4 shards are held, 0 done; fix the cause first; .*retry .* --wait$/,
    );
    await run.start({ ended: true, cancelled: [2] });
    assert.deepEqual(run.states().at(-1), ["submitted", [2], "102"]);
  }));

Deno.test("a job id that the scheduler has reused for another user's job is not trusted: the shards are lost, not done", () =>
  inRun(async (run) => {
    await run.start();
    const [token = ""] = run.fake.submitted;
    run.fake.jobs.delete(token);
    run.fake.others = ALL.map((shard) => ({
      token: "ffffffffffffffff",
      shard,
      state: "running",
      native: "R",
      reason: null,
      host: "f1",
    }));
    await run.start({ ended: true });
    assert.deepEqual(run.states(), [["submitted", ALL, "101"], ["submitted", ALL, "102"]]);
  }));

Deno.test("shards whose jobs are gone wait for their files before they are resubmitted", () =>
  inRun(async (run) => {
    await run.start();
    run.fake.state = "absent";
    assert.match(
      (await run.start({ ended: false }, 120)).nothing,
      /^Nothing to submit: .*4 shards.*, 0 done; .*--watch$/,
    );
    assert.match((await run.start({ ended: false }, 0)).nothing, /4 shards ended without a result.*retry .* --wait$/);
  }));

/** Sets since when the record says that shards are missed; returns how long shard 0 is at the next query. */
async function absent(run: Trial, since: string | null): Promise<number | null | undefined> {
  if (since !== null) {
    const absent_since_utc = Object.fromEntries(ALL.map((shard) => [`${shard}`, since]));
    const farm = { submissions: readSubmissions(run.dir), absent_since_utc };
    changeSubmitMeta(run.dir, (meta) => meta && { ...meta, farm });
  }
  const { shards } = await queryScheduler(runOf(run.dir, run.manifest), run.fake.adapter, 120);
  return shards.get(0)?.absent_s;
}

Deno.test("the wait for files is by the file server's clock, whatever those of the submit hosts", () =>
  inRun(async (run) => {
    await run.start();
    run.fake.state = "absent";
    const now = Date.now;
    try {
      Date.now = () => now() + 86_400_000;
      assert((await absent(run, null) ?? NaN) < 60);
      Date.now = now;
      assert((await absent(run, null) ?? NaN) < 60);
      await absent(run, new Date(now() + 86_400_000).toISOString());
      const meta = await readFile(join(run.dir, "submit_meta.json"), "utf8");
      assert(JSON.parse(meta).farm.absent_since_utc[0] <= new Date(now() + 60_000).toISOString());
      assert((await absent(run, new Date(now() - 3_600_000).toISOString()) ?? NaN) > 3500);
    } finally {
      Date.now = now;
    }
  }));

Deno.test("a shard that was submitted again is missed anew, however long its job before was missed", () =>
  inRun(async (run) => {
    await run.start();
    run.fake.state = "absent";
    await absent(run, new Date(Date.now() - 3_600_000).toISOString());
    await run.start({ ended: true });
    assert((await absent(run, null) ?? NaN) < 60);
  }));

Deno.test("a job that only the history calls running is believed for a while, then its shard is lost and resubmitted", () =>
  inRun(async (run) => {
    await run.start();
    const [token = ""] = run.fake.submitted;
    const { query, readQuery } = run.fake.adapter;
    const crashed: NativeState[] = ALL.map((shard) => ({
      ...{ token, shard, state: "running", native: "RUNNING", reason: null, host: "f1" },
    }));
    Object.assign(run.fake.adapter, {
      query: (context: RenderContext, handles: Handle[], round: number) => round > 1 ? [] : query(context, handles, 0),
      readQuery: (results: CommandResult[], handles: Handle[], round: number): Answer<NativeState[]> =>
        round > 0
          ? { kind: "ok", value: crashed.filter((one) => handles.some((handle) => handle.token === one.token)) }
          : readQuery(results, handles.filter((handle) => handle.token !== token), 0),
    });
    assert.deepEqual((await run.start({ ended: true })).submissions, []);
    await absent(run, new Date(Date.now() - 3_600_000).toISOString());
    assert.deepEqual((await run.start({ ended: true })).submissions.map(({ shards }) => shards), [[0, 1, 2, 3]]);
    const answer = await queryScheduler(runOf(run.dir, run.manifest), run.fake.adapter, 120);
    assert.deepEqual(answer.states.map((one) => one.token === token), ALL.map(() => false));
    assert.equal(answer.shards.get(0)?.native?.state, "running");
  }));
