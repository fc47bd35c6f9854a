import assert from "node:assert/strict";
import { mkdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Submission } from "../../../core/schema/submit_meta.ts";
import { quoteWord } from "../../../core/shell_quote.ts";
import { recordSubmission } from "../../../runtime/run/submissions.ts";
import { submitFinish } from "../../../runtime/scheduler/submit_finish.ts";
import type { Handle } from "../../../schedulers/adapter.ts";
import { inventedRun } from "../../fixtures/run.ts";
import { inFolder } from "../../support/scratch.ts";
import { runOf } from "../support/context.ts";
import { FakeScheduler } from "../support/fake_adapter.ts";

const submission = (token: string, state: Submission["state"], job_id: string | null): Submission => ({
  token,
  state,
  scheduler: "fake",
  command: ["true"],
  shards: [0],
  job_id,
  intended_at_utc: "2026-11-24T19:01:12.542Z",
  answered_at_utc: null,
  answer: null,
});

/** A run with one job that runs and one that was refused. */
function inSubmittedRun(work: (dir: string, fake: FakeScheduler) => Promise<void>): Promise<void> {
  return inFolder(async (folder) => {
    const dir = join(folder, "r");
    await mkdir(dir);
    recordSubmission(dir, submission("00000000000000aa", "refused", null));
    recordSubmission(dir, submission("00000000000000bb", "submitted", "12"));
    await work(dir, new FakeScheduler());
  });
}

const finish = (dir: string, fake: FakeScheduler) => submitFinish(runOf(dir, inventedRun(dir)), fake.adapter);

Deno.test("the finishing job waits for the accepted jobs, and its script exists before the submission", () =>
  inSubmittedRun(async (dir, fake) => {
    let waited_for: Handle[] = [];
    fake.adapter.finish = (_context, handles) => {
      waited_for = handles;
      const files = [{ path: "finish.sh", text: "#!/bin/sh\n", executable: true }];
      return { files, command: { argv: ["true"], timeout_s: 60 } };
    };
    assert.equal(await finish(dir, fake), "101");
    assert.deepEqual(waited_for.map(({ job_id }) => job_id), ["12"]);
    assert.equal(await readFile(join(dir, "finish.sh"), "utf8"), "#!/bin/sh\n");
    assert.equal((await stat(join(dir, "finish.sh"))).mode & 0o111, 0o110);
  }));

Deno.test("a refused finishing job is reported with advice how to go on without it", () =>
  inSubmittedRun(async (dir, fake) => {
    fake.adapter.finish = () => ({ files: [], command: { argv: ["true"], timeout_s: 60 } });
    for (const says of ["refused", "unclear"] as const) {
      fake.says = says;
      await assert.rejects(finish(dir, fake), {
        kind: "unreachable",
        message: `The shards are submitted, but not the job that finishes the run: fake says: it says ${says}`,
        next: `When they have ended: nsfarm-deno finish ${quoteWord(dir)}`,
      });
    }
  }));

Deno.test("a scheduler without dependent jobs, and a run without jobs, are usage errors", () =>
  inSubmittedRun(async (dir, fake) => {
    await assert.rejects(finish(dir, fake), {
      kind: "usage",
      message: /Cannot use --finish with fake/,
      next: "Use --wait",
    });
    fake.adapter.finish = () => ({ files: [], command: { argv: ["true"], timeout_s: 60 } });
    await assert.rejects(finish(join(dir, "none"), fake), {
      kind: "usage",
      message: /no job of this run is submitted/,
    });
  }));
