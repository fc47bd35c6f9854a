import assert from "node:assert/strict";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type ProcessId, WORKER_SCHEMA } from "../../../core/schema/attempt.ts";
import type { FarmManifest } from "../../../core/schema/manifest.ts";
import { exampleHandle } from "../../../runtime/plugin/check/cases.ts";
import type { Run } from "../../../runtime/run/load_manifest.ts";
import { findLoop, loopStates, MEND_FILE, startLoop, stopLoops } from "../../../runtime/scheduler/background.ts";
import { beginAttempt } from "../../../runtime/shard/attempts.ts";
import { bootId, startTicks } from "../../../runtime/system/proc.ts";
import { inventedRun, planOf, sampleAttempt } from "../../fixtures/run.ts";
import { inFolder, pause, until } from "../../support/scratch.ts";
import { runOf } from "../support/context.ts";

const TOKEN = "00112233445566aa";
const HIDDEN = "00112233445566bb";
const GONE = "00112233445566cc";
const handle = (token: string, shards = 2) => exampleHandle(shards, "17", token);

async function processOf(pid: number): Promise<ProcessId> {
  const start_ticks = (await startTicks([pid])).get(pid) ?? "";
  return { host: "n1", boot_id: await bootId(), pid, start_ticks };
}

/** A run of four shards with these worker loops on file, and one whose file is a folder: root too cannot read that. */
function withLoops(loops: Record<string, ProcessId>, work: (run: Run<FarmManifest>) => Promise<void>): Promise<void> {
  return inFolder(async (folder) => {
    const dir = join(folder, "r");
    const manifest = inventedRun(dir);
    await mkdir(join(dir, "claims", `worker_${HIDDEN}.json`), { recursive: true });
    await writeFile(join(dir, "manifest.json"), JSON.stringify(manifest));
    for (const [token, process] of Object.entries(loops)) {
      const about = { schema_version: WORKER_SCHEMA, token, run_token: "r", slots: 1, process };
      const text = JSON.stringify({ ...about, started_at_utc: "2026-01-01T00:00:00Z" });
      await writeFile(join(dir, "claims", `worker_${token}.json`), text);
    }
    await work(runOf(dir, manifest));
    await Deno.remove(join(dir, "claims"), { recursive: true });
  });
}

Deno.test("a shard that its worker loop has started is running, the others of the submission wait, and one without a loop is over", async () => {
  const process = await processOf(Deno.pid);
  await withLoops({ [TOKEN]: process }, async (run) => {
    beginAttempt(run.dir, sampleAttempt(run.manifest, planOf(run.manifest, 1), { wrapper: process }));
    const answer = await loopStates(run, [handle(TOKEN), handle(GONE)]);
    const states = answer.kind === "ok" ? answer.value : [];
    assert.deepEqual(states.map(({ token, shard, state, host }) => [token, shard, state, host]), [
      [TOKEN, 0, "queued", process.host],
      [TOKEN, 1, "running", process.host],
    ]);
    assert.deepEqual(await findLoop(run, TOKEN), { kind: "ok", value: `${process.pid}` });
    assert.deepEqual(await findLoop(run, GONE), { kind: "ok", value: null });
  });
});

Deno.test("a worker loop with an unreadable file is neither accepted nor refused, its shards are unknown, and it is not cancelled", () =>
  withLoops({}, async (run) => {
    const found = await findLoop(run, HIDDEN);
    const why = found.kind === "unclear" ? found.message : "";
    assert.match(why, /^Cannot read the file of a worker loop ".*worker_00112233445566bb\.json": it is a folder$/);
    const answer = await loopStates(run, [handle(HIDDEN)]);
    const states = answer.kind === "ok" ? answer.value : [];
    assert.deepEqual(states.map(({ shard, state, reason }) => [shard, state, reason]), [
      [0, "unknown", why],
      [1, "unknown", why],
    ]);
    assert.deepEqual(await stopLoops(run, [handle(HIDDEN)]), { kind: "unclear", message: `${why}; ${MEND_FILE}` });
  }));

Deno.test("cancel stops the worker loops of the given submissions only; one that is gone is no error", async () => {
  const [mine, other] = [0, 1].map(() => new Deno.Command("sleep", { args: ["60"] }).spawn());
  assert(mine && other);
  const [mineId, otherId] = [await processOf(mine.pid), await processOf(other.pid)];
  await withLoops(
    { [TOKEN]: mineId, [GONE]: { ...mineId, start_ticks: "1" }, "00112233445566dd": otherId },
    async (run) => {
      assert.deepEqual(await stopLoops(run, [handle(TOKEN), handle(GONE)]), { kind: "ok", value: null });
      assert.equal((await mine.status).signal, "SIGTERM");
      assert.ok((await startTicks([other.pid])).has(other.pid));
    },
  );
  other.kill();
  await other.status;
});

Deno.test("a worker loop that ends at once has refused its shards, with its message and advice on one line", () =>
  withLoops({}, async (run) => {
    await writeFile(join(run.dir, "manifest.json"), JSON.stringify({ ...run.manifest, nextstat_bin: "/no/nextstat" }));
    const answer = await startLoop(run, TOKEN, []);
    assert.equal(answer.kind, "refused");
    assert.match(answer.kind === "refused" ? answer.message : "", /^Cannot .*; \S/);
  }));

/** Returns the processes that a process has started and whose end it has not seen yet (proc_pid_stat(5), field ppid). */
async function childrenOf(parent: number): Promise<string[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const stats = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/stat`, "utf8").catch(() => "")));
  return stats.filter((stat) => Number(/\) \S (\d+)/.exec(stat)?.[1]) === parent);
}

Deno.test("a worker loop that has not started in time is not refused: it may still start, and is searched for", () =>
  withLoops({}, async (run) => {
    const now = performance.now;
    let ahead_ms = -31_000;
    performance.now = () => now.call(performance) + (ahead_ms += 31_000);
    const answer = await startLoop(run, TOKEN, []).finally(() => performance.now = now);
    assert.equal(answer.kind, "unclear");
    assert.match(
      answer.kind === "unclear" ? answer.message : "",
      /^The worker did not start within 30 s; Its log is "/,
    );
    // startLoop() no longer waits for its process, whose end this process must have seen before the test is over.
    await until("its end is known", async () => (await childrenOf(Deno.pid)).length === 0);
    await pause(0);
  }));
