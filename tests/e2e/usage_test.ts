import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { mustRun, nextstat, readPage, requestArgs, runArgs, runDir } from "../support/farm.ts";
import { readManifest } from "../support/run_dir.ts";
import { inFolder } from "../support/scratch.ts";
import { standIn } from "../support/stand_in.ts";

const checked = (args: string[]) => args.filter((word) => word !== "--no-check");

Deno.test("run tells what it will cost, from the trial fit, then from the earlier run beside it; submit and --dry-run too", () =>
  inFolder(async (folder) => {
    const first = await mustRun(folder, checked(runArgs(folder, { toys: 6, shards: 2 })));
    const cost = /^about [\d.]+ CPU (seconds|minutes) \(6 toys at [\d.]+ m?s each.*, from the trial fit\)$/m;
    assert.match(first.stderr, cost);
    const again = await mustRun(folder, checked(runArgs(folder, { toys: 6, shards: 2 })));
    assert.doesNotMatch(again.stderr, /CPU (seconds|minutes)/, "nothing is left that costs anything");
    const dry = await mustRun(folder, runArgs(folder, { toys: 8, shards: 2, id: "s", more: ["--dry-run"] }));
    assert.match(dry.stderr, /^about .* \(8 toys at .* each, from the run "r"\)$/m);
    await mustRun(folder, ["render", ...requestArgs(folder, { toys: 8, shards: 2, id: "s" })]);
    const submitted = await mustRun(folder, ["submit", runDir(folder, "s"), "--wait"]);
    assert.match(submitted.stderr, /^about .* \(8 toys at .* each, from the run "r"\)$/m);
  }));

Deno.test("the CPU time of a toy in the trial fit is the time that nextstat fitted it, however long its process took besides", () =>
  inFolder(async (folder) => {
    const late = join(folder, "late");
    await writeFile(late, `#!/bin/sh\n[ "$1" = --version ] || sleep 1\nexec "${nextstat()}" "$@"\n`, { mode: 0o755 });
    await mustRun(folder, checked(["render", ...requestArgs(folder, { toys: 6, shards: 2, nextstat: late })]));
    const { fit_cpu_s = NaN, startup_cpu_s = NaN } = (await readManifest(runDir(folder))).farm.trial?.toy ?? {};
    assert.ok(fit_cpu_s / (fit_cpu_s + startup_cpu_s) > 0.15, `${fit_cpu_s} s of the toy, ${startup_cpu_s} s besides`);
  }));

Deno.test("status, doctor and report of a whole run show what it requested and used, and what was wasted", () =>
  inFolder(async (folder) => {
    const fake = await standIn(folder, `[ "$shard.$attempt" != 1.1 ] || { echo "no" >&2; kill -9 $$; }`);
    await mustRun(folder, runArgs(folder, { toys: 24, shards: 24, nextstat: fake.path }));
    const dir = runDir(folder);
    const { stdout } = await mustRun(folder, ["status", dir]);
    assert.match(stdout, /^ {2}memory +95 % of shards within \d+ MiB, largest \d+ MiB$/m);
    assert.match(stdout, /^ {2}CPU time .* in results, efficiency .* %; .* wasted in 1 failed or superseded attempt$/m);
    const { usage } = JSON.parse((await mustRun(folder, ["status", dir, "--json"])).stdout);
    assert.deepEqual([usage.n_shards, usage.wasted_attempts, usage.memory_mib.requested], [24, 1, null]);
    const doctor = JSON.parse((await mustRun(folder, ["doctor", dir, "--json"])).stdout);
    assert.deepEqual(doctor.next_run, [], "this machine has no limits to choose");
    await mustRun(folder, ["report", dir]);
    const page = await readPage(join(dir, "report.html"));
    assert.match(page, /Requested and used/);
    assert.match(page, /wasted in 1 failed or superseded attempt/);
  }));
