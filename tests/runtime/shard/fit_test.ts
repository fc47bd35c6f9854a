import assert from "node:assert/strict";
import { readAttempt } from "../../../runtime/shard/attempts.ts";
import { fitShard } from "../../../runtime/shard/fit.ts";
import { UsageMeter } from "../../../runtime/system/usage.ts";
import { sampleFrame } from "../../fixtures/output.ts";
import { planOf, sampleManifest } from "../../fixtures/run.ts";
import { inFolder } from "../../support/scratch.ts";
import { contextOf } from "../support/context.ts";

Deno.test("a fit whose output is removed between its check and its commit has failed, and may be run again", () =>
  inFolder(async (dir) => {
    const manifest = sampleManifest();
    const plan = planOf(manifest, 1);
    const meter = new UsageMeter();
    const context = contextOf(dir, manifest);
    context.meter = meter;
    context.startFit = (_, { out, metrics }) => {
      Deno.writeTextFileSync(out, JSON.stringify(sampleFrame(manifest, plan)));
      Deno.writeTextFileSync(
        metrics,
        '{"schema_version": "nextstat_metrics_v0", "status": {"ok": true}, "timing": {}}',
      );
      const ended = Promise.resolve({ exit_code: 0, signal: null });
      return Promise.resolve({ pid: 4_190_000, ended, stop: () => {} });
    };
    const real = Deno.linkSync;
    Reflect.set(Deno, "linkSync", (from: string, to: string) => {
      if (from.endsWith("/incoming/shard_1.1.out.json")) Deno.removeSync(from);
      real(from, to);
    });
    const stop = new AbortController().signal;
    try {
      const end = await fitShard(context, { plan, attempt: 1, slot: null, threads: 1, time_limit_s: null, stop });
      assert.equal(end.kind, "failed");
    } finally {
      Deno.linkSync = real;
      meter.close();
    }
    const { cause, stderr_tail } = readAttempt(dir, 1, 1)?.end ?? {};
    assert.equal(cause, "output");
    assert.match(stderr_tail?.join() ?? "", /shard_1\.1\.out\.json" was removed after its check/);
  }));
