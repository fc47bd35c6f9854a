import assert from "node:assert/strict";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startRun } from "../../../runtime/control/start.ts";
import { intendedNow, recordSubmission } from "../../../runtime/run/submissions.ts";
import { announced } from "../../../runtime/run/workers.ts";
import { inspectRun } from "../../../runtime/state/status.ts";
import ssh from "../../../schedulers/ssh.ts";
import { inventedRun } from "../../fixtures/run.ts";
import { writeRun } from "../../fixtures/run_dir.ts";
import { inFolder } from "../../support/scratch.ts";
import { MACHINE, runOf } from "../support/context.ts";
import { FakeScheduler } from "../support/fake_adapter.ts";

Deno.test("the status of a whole run queries no scheduler and names no worker loop, until one of its files is gone", () =>
  inFolder(async (folder) => {
    const dir = join(folder, "r");
    const manifest = { ...inventedRun(dir), scheduler: "fake" };
    await writeRun(manifest);
    const [run, fake] = [runOf(dir, manifest), new FakeScheduler()];
    await rm(join(dir, "shard_0.out.json"));
    await startRun(run, fake.adapter, MACHINE, { ended: true }, 0);
    let n_queries = 0;
    fake.onQuery = () => n_queries++;
    const process = { ...MACHINE.process, boot_id: "another-boot" };
    const worker = { token: "00112233445566bb", run_token: manifest.farm.run_token, process, slots: 1 };
    await announced(dir, worker, 1000, async () => {
      const part = await inspectRun(run, fake.adapter, MACHINE);
      assert.deepEqual([n_queries > 0, part.summary.workers.length, part.summary.counts], [true, 1, {
        running: 1,
        done: 3,
      }]);
      await writeRun(manifest);
      n_queries = 0;
      const whole = await inspectRun(run, fake.adapter, MACHINE);
      assert.deepEqual([n_queries, whole.summary.workers, whole.summary.counts, whole.ended], [
        0,
        [],
        { done: 4 },
        true,
      ]);
    });
  }));

Deno.test("the status of an open run has the error with which its last worker loop in the background ended", () =>
  inFolder(async (folder) => {
    const dir = join(folder, "r");
    const manifest = inventedRun(dir);
    await writeRun(manifest);
    await rm(join(dir, "shard_0.out.json"));
    await mkdir(join(dir, "logs"));
    const token = "00112233445566bb";
    const asked = { token, command: [], shards: [0], scheduler: "ssh", ...intendedNow() };
    recordSubmission(dir, { ...asked, state: "submitted", job_id: "17", answered_at_utc: null, answer: null });
    const words = async (log: string) => {
      await writeFile(join(dir, "logs", `worker_${token}.log`), log);
      return (await inspectRun(runOf(dir, manifest), ssh, MACHINE)).summary.workers.join();
    };
    assert.equal(
      await words("0/4 done\nnsfarm-deno: Cannot use any host: w1: no route\n  nsfarm-deno preflight\n"),
      "the last worker in the background ended: Cannot use any host: w1: no route",
    );
    assert.equal(await words("4/4 done\n"), "");
    recordSubmission(dir, { ...asked, state: "refused", job_id: null, answered_at_utc: null, answer: "no" });
    assert.equal(await words("nsfarm-deno: no\n"), "", "a refusal is told as such");
  }));
