import assert from "node:assert/strict";
import { quoteWord } from "../../../core/shell_quote.ts";
import { type RetryRequest, retryRun } from "../../../runtime/control/retry.ts";
import { loadFarmRun } from "../../../runtime/run/load_manifest.ts";
import { readSubmissions } from "../../../runtime/run/submissions.ts";
import slurm from "../../../schedulers/slurm.ts";
import { MACHINE } from "../support/context.ts";
import { inMemoryRun, MemoryRun } from "../support/memory_run.ts";

class Trial extends MemoryRun {
  retry(request: Partial<RetryRequest> = { raised: { memory: true } }) {
    const adapter = { ...this.fake.adapter, options: slurm.options };
    const whole = { nodes: {}, mode: undefined, raised: {}, split: false, ...request };
    return retryRun(this.now, adapter, MACHINE, whole, (line) => this.notes.push(line));
  }
}

const inRun = (work: (run: Trial) => Promise<void>) => inMemoryRun(Trial, work);

Deno.test("the same command continues a retry whose jobs were refused: nothing is raised twice", () =>
  inRun(async (run) => {
    Object.assign(run.fake, { says: "refused", takes: false });
    for (let i = 0; i < 3; i++) {
      await assert.rejects(run.retry(), {
        kind: "unreachable",
        next: new RegExp(`then: nsfarm-deno retry ${quoteWord(run.dir)} \\(`),
      });
      assert.equal(run.memory, "1536M");
    }
    assert.match(
      run.notes.at(-1) ?? "",
      /--slurm-memory is not raised again: jobs with its present value 1536M were not submitted yet/,
    );
    Object.assign(run.fake, { says: "ok", takes: true });
    await run.retry();
    assert.equal(run.memory, "1536M");
    run.fake.state = "out_of_memory";
    await run.retry();
    assert.equal(run.memory, "2304M", "its jobs have had 1536M");
  }));

Deno.test("the same command continues a retry whose jobs were accepted without an answer of the scheduler", () =>
  inRun(async (run) => {
    run.fake.says = "unclear";
    run.fake.during = () => run.fake.is_up = false;
    const next = new RegExp(`twice; once it answers, run: nsfarm-deno retry ${quoteWord(run.dir)} \\(`);
    await assert.rejects(run.retry(), { kind: "unreachable", next });
    run.fake.is_up = true;
    const { nothing } = await run.retry();
    assert.match(nothing, /4 shards queued or running/);
    assert.equal(run.memory, "1536M");
    assert.equal(run.fake.submitted.length, 1);
    run.fake.state = "out_of_memory";
    run.fake.says = "ok";
    await run.retry();
    assert.equal(run.memory, "2304M");
  }));

Deno.test("a limit is not raised again while all jobs still run with an older limit", () =>
  inRun(async (run) => {
    await run.retry({});
    for (let i = 0; i < 2; i++) {
      assert.match((await run.retry()).nothing, /queued or running/);
      assert.equal(run.memory, "1536M");
    }
  }));

Deno.test("of two retries at once one splits and submits the shards, the other finds them submitted", () =>
  inRun(async (run) => {
    await run.retry({});
    run.fake.state = "failed";
    run.fake.during = () => run.fake.state = "running";
    const started = await Promise.all([run.retry({ split: true }), run.retry({ split: true })]);
    assert.deepEqual(started.map((one) => one.submissions.length).sort(), [0, 1]);
    const { manifest } = loadFarmRun(run.dir);
    assert.equal(manifest.plans.length, 12);
    const given = readSubmissions(run.dir).at(-1)?.shards;
    assert.deepEqual(given, [4, 5, 6, 7, 8, 9, 10, 11]);
  }));

Deno.test("a retry with --split reports when there was no shard to split", () =>
  inRun(async (run) => {
    await run.retry({ split: true });
    assert.deepEqual(run.notes, ["nothing was cut in two: no shard ended without a result"]);
  }));
