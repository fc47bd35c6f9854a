import assert from "node:assert/strict";
import { earlierRecoveries } from "../../../core/recovery_history.ts";
import { recoverRun } from "../../../runtime/control/recover.ts";
import { loadFarmRun } from "../../../runtime/run/load_manifest.ts";
import { readSubmissions } from "../../../runtime/run/submissions.ts";
import slurm from "../../../schedulers/slurm.ts";
import { MACHINE } from "../support/context.ts";
import { inMemoryRun, MemoryRun } from "../support/memory_run.ts";

class Trial extends MemoryRun {
  recover(by_hand = false) {
    const { options, avoiding } = slurm;
    const adapter = { ...this.fake.adapter, options, avoiding };
    return recoverRun(this.now, adapter, MACHINE, { most: 2, by_hand }, (line) => this.notes.push(line));
  }

  get accepted() {
    return readSubmissions(this.dir).filter(({ state }) => state === "submitted").map(({ shards }) => shards);
  }
}

const inRun = (work: (run: Trial) => Promise<void>) => inMemoryRun(Trial, work);

const ALL = [0, 1, 2, 3];

Deno.test("the first round submits all shards; shards out of memory get more, at most N times", () =>
  inRun(async (run) => {
    await run.recover();
    run.fake.state = "out_of_memory";
    await run.recover();
    await run.recover();
    assert.deepEqual([run.accepted, run.memory], [[ALL, ALL, ALL], "2304M"]);
    const { submissions, recovery, goes_on } = await run.recover();
    assert.deepEqual([submissions, goes_on], [[], false]);
    assert.deepEqual(recovery.give_up, [{
      shards: ALL,
      why: "out of memory, and 2 further attempts did not help: give their jobs more memory",
    }]);
    assert.deepEqual(run.notes, [
      "out of memory: shards 0-3 rerun with --slurm-memory 1G → 1536M",
      "out of memory: shards 0-3 rerun with --slurm-memory 1536M → 2304M",
    ]);
  }));

Deno.test("a recovery whose jobs were refused goes on with the same command: nothing is raised or counted twice", () =>
  inRun(async (run) => {
    await run.recover();
    run.fake.state = "out_of_memory";
    Object.assign(run.fake, { says: "refused", takes: false });
    for (let i = 0; i < 3; i++) await assert.rejects(run.recover(), { kind: "unreachable", why: "refused" });
    assert.equal(run.memory, "1536M");
    Object.assign(run.fake, { says: "ok", takes: true });
    await run.recover();
    assert.deepEqual([run.accepted, run.memory], [[ALL, ALL], "1536M"]);
    await run.recover();
    assert.deepEqual([run.accepted.length, run.memory], [3, "2304M"]);
    assert.deepEqual((await run.recover()).submissions, []);
  }));

Deno.test("a queue with room for one job gets single shards, and what it does not take is left for later", () =>
  inRun(async (run) => {
    run.fake.room = 1;
    assert.deepEqual((await run.recover()).left, []);
    assert.deepEqual(run.accepted, [[0], [1], [2], [3]]);
    run.fake.state = "out_of_memory";
    run.fake.room = 0;
    const { submissions, left } = await run.recover();
    assert.deepEqual([submissions, left], [[], ALL]);
    run.fake.room = Infinity;
    assert.deepEqual((await run.recover()).left, []);
    assert.deepEqual([run.accepted.at(-1), run.memory], [ALL, "1536M"]);
  }));

Deno.test("jobs that run, and those of a scheduler that does not answer, are left alone", () =>
  inRun(async (run) => {
    await run.recover();
    const running = await run.recover();
    assert.deepEqual([running.submissions, running.goes_on], [[], true]);
    run.fake.is_up = false;
    run.fake.state = "out_of_memory";
    await assert.rejects(run.recover(), { kind: "unreachable" });
    assert.deepEqual([run.accepted, run.memory, run.notes], [[ALL], "1G", []]);
  }));

Deno.test("cancelled jobs are rerun only if a person has just asked for the run", () =>
  inRun(async (run) => {
    await run.recover();
    run.fake.state = "cancelled";
    const { recovery } = await run.recover();
    assert.deepEqual(recovery.give_up.map(({ shards }) => shards), [ALL]);
    assert.deepEqual(run.accepted, [ALL]);
    await run.recover(true);
    assert.deepEqual(run.accepted, [ALL, ALL]);
  }));

Deno.test("jobs that never start on a node are cancelled with the others in the queue, and submitted anew without that node", () =>
  inRun(async (run) => {
    await run.recover();
    const token = run.fake.submitted[0] ?? "";
    run.fake.state = "queued";
    run.fake.others = [
      { token, shard: 0, state: "queued", native: "IDLE", reason: "f2 was matched", host: "f2", fault: "node" },
    ];
    const { recovery, moved } = await run.recover();
    assert.deepEqual([recovery.avoid, moved], [["f2"], ALL]);
    const { manifest } = loadFarmRun(run.dir);
    assert.equal(manifest.farm.options["slurm-exclude"], "f2");
    assert.deepEqual(run.accepted, [ALL, ALL]);
    const earlier = earlierRecoveries(manifest, readSubmissions(run.dir));
    assert.deepEqual(ALL.map((shard) => earlier(shard).count), [1, 0, 0, 0]);
  }));
