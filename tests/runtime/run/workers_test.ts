import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { WORKER_SCHEMA } from "../../../core/schema/attempt.ts";
import { inspectWorkers, listWorkers, sweepWorkers, withdrawWorkers } from "../../../runtime/run/workers.ts";
import { stopWorkers } from "../../../runtime/scheduler/background.ts";
import { inspectRun } from "../../../runtime/state/status.ts";
import { inventedRun } from "../../fixtures/run.ts";
import { inFolder } from "../../support/scratch.ts";
import { MACHINE, runOf } from "../support/context.ts";
import { FakeScheduler } from "../support/fake_adapter.ts";

const HIDDEN = "00112233445566bb";
const worker = {
  ...{ schema_version: WORKER_SCHEMA, token: "00112233445566aa", run_token: "r", slots: 1 },
  ...{
    process: { host: "n2", boot_id: "another-boot", pid: 7, start_ticks: "70" },
    started_at_utc: "2026-01-01T00:00:00Z",
  },
};

/** A run of which one worker loop's file can be read, and one is a folder: root too cannot read that. */
async function withHidden(work: (dir: string) => Promise<void>): Promise<void> {
  await inFolder(async (folder) => {
    const dir = join(folder, "r");
    await mkdir(join(dir, "claims", `worker_${HIDDEN}.json`), { recursive: true });
    await writeFile(join(dir, "claims", `worker_${worker.token}.json`), JSON.stringify(worker));
    await work(dir);
    await Deno.remove(join(dir, "claims"), { recursive: true });
  });
}

Deno.test("a worker loop with an unreadable file is unknown, and takes no shard from the others", () =>
  withHidden(async (dir) => {
    const { known, unknown } = listWorkers(dir);
    assert.deepEqual(known.map(({ token }) => token), [worker.token]);
    assert.deepEqual(unknown.map(({ token }) => token), [HIDDEN]);
    const inspected = await inspectWorkers(runOf(dir, inventedRun(dir)), "this-boot");
    assert.deepEqual([inspected.alive.length, inspected.elsewhere.length, inspected.unknown.length], [0, 1, 1]);
  }));

Deno.test("status names a worker loop with an unreadable file", () =>
  withHidden(async (dir) => {
    const { summary } = await inspectRun(runOf(dir, inventedRun(dir)), new FakeScheduler().adapter, MACHINE);
    assert.equal(summary.workers.length, 2);
    assert.match(
      summary.workers[1] ?? "",
      /^Cannot read the file of a worker loop ".*worker_00112233445566bb\.json": it is a folder$/,
    );
  }));

Deno.test("a worker loop with an unreadable file does not count as stopped", () =>
  withHidden(async (dir) => {
    const run = runOf(dir, inventedRun(dir));
    for (const tokens of [[HIDDEN], null]) {
      const { stopped, unknown } = await stopWorkers(run, tokens);
      assert.deepEqual([stopped, unknown.map((one) => one.token)], [[], [HIDDEN]]);
    }
    assert.deepEqual(await stopWorkers(run, [worker.token]), { stopped: [], unknown: [] });
  }));

async function announce(dir: string, token: string, boot_id: string): Promise<void> {
  const process = { host: "n1", boot_id, pid: 4_190_000, start_ticks: "7" };
  const times = { started_at_utc: "2026-01-01T00:00:00.000Z", beats: 0, beat_interval_s: 40 };
  const worker = { schema_version: WORKER_SCHEMA, token, run_token: "r", process, slots: 1, ...times };
  await writeFile(join(dir, "claims", `worker_${token}.json`), JSON.stringify(worker));
}

Deno.test("a sweep of the files of dead loops leaves that of a loop which starts meanwhile", () =>
  inFolder(async (dir) => {
    await mkdir(join(dir, "claims"));
    await announce(dir, "00000000000000aa", "this-boot");
    const sweeping = sweepWorkers(runOf(dir, inventedRun(dir)), "this-boot", () => []);
    await announce(dir, "00000000000000bb", "other-boot");
    await announce(dir, "00000000000000cc", "this-boot");
    await sweeping;
    const left = listWorkers(dir).known.map(({ token }) => token).sort();
    withdrawWorkers(dir);
    assert.deepEqual(left, ["00000000000000bb", "00000000000000cc"]);
  }));
