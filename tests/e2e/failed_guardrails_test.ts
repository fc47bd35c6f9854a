import assert from "node:assert/strict";
import { join } from "node:path";
import { mustRun, nsfarm, renderRun, requestArgs, runArgs, runDir, type RunOptions } from "../support/farm.ts";
import { fittedWhole, hardSpec } from "../support/hard_spec.ts";
import { finalNames, readAttempts, readRecord } from "../support/run_dir.ts";
import { inFolder } from "../support/scratch.ts";
import { standIn } from "../support/stand_in.ts";
import { assertSameToys, at, readJson } from "../support/toys.ts";

const TOYS = 10;
const PULLS_ON = ["--max-abs-poi-pull-mean", "1e9"];

/** With one toy a shard, nextstat ends shard 0 with exit 1: its only toy does not converge, so there are no pulls. */
async function oneToyShards(folder: string, more: string[] = []): Promise<RunOptions> {
  return { toys: TOYS, shards: TOYS, config: await hardSpec(folder), more: ["--pulls", ...more] };
}

async function assertUnsharded(folder: string): Promise<void> {
  const merged = await readJson(join(runDir(folder), "merged.out.json"));
  const wanted = await fittedWhole(folder, { config: join(folder, "hard.json"), toys: TOYS }, PULLS_ON);
  assert(Number(at(wanted, "results.n_converged")) < TOYS);
  assert.notEqual(at(wanted, "summary.pull"), null);
  assertSameToys(merged, wanted);
}

for (const shards of [TOYS, 3]) {
  Deno.test(`run --pulls in ${shards} shards equals nextstat unsharded, though some toys do not converge`, () =>
    inFolder(async (folder) => {
      const options = { ...await oneToyShards(folder), shards };
      const { stdout } = await mustRun(folder, runArgs(folder, options));
      assert.match(stdout, /^10 of 10 toys$|, 10 of 10 toys$/m);
      await assertUnsharded(folder);
      assert.deepEqual(await readAttempts(runDir(folder)), []);
      assert.equal((await readRecord(runDir(folder), 0)).exit_code, shards === TOYS ? 1 : 0);
      await mustRun(folder, ["verify", runDir(folder)]);
    }));
}

Deno.test("job counts a shard whose own guardrail failed as done, without a message", () =>
  inFolder(async (folder) => {
    const dir = await renderRun(folder, await oneToyShards(folder));
    const shards = Array.from({ length: TOYS }, (_, i) => `${i}`);
    const { stdout } = await mustRun(folder, ["job", dir, ...shards]);
    assert.equal(stdout, shards.map((shard) => `shard ${shard}: done\n`).join(""));
    await mustRun(folder, ["merge", dir]);
    await assertUnsharded(folder);
  }));

Deno.test("the sh wrapper returns a shard whose own guardrail failed, and exits with 0", () =>
  inFolder(async (folder) => {
    const dir = await renderRun(folder, await oneToyShards(folder, ["--scheduler", "htcondor", "--wrapper", "sh"]));
    const shards = Array.from({ length: TOYS }, (_, i) => `${i}`).join("+");
    await mustRun(folder, [join(dir, "job_wrapper.sh"), "shared", shards], 0, { program: "sh" });
    await mustRun(folder, ["collect", dir]);
    await mustRun(folder, ["merge", dir]);
    await assertUnsharded(folder);
    assert.equal((await readRecord(dir, 0)).exit_code, 1);
  }));

Deno.test("the trial fit accepts a spec whose first toy does not converge, with and without pulls", () =>
  inFolder(async (folder) => {
    const words = requestArgs(folder, await oneToyShards(folder)).filter((word) => word !== "--no-check");
    await mustRun(folder, ["render", ...words]);
    await mustRun(folder, ["run", ...words]);
    await assertUnsharded(folder);
  }));

Deno.test("a guardrail on the set is judged on the merged set alone: exit 6, and every shard is done", () =>
  inFolder(async (folder) => {
    const options = await oneToyShards(folder, ["--require-all-converged"]);
    const { stderr } = await mustRun(folder, runArgs(folder, options), 6);
    assert.match(stderr, /guardrail failed: require_all_converged violated/);
    await assertUnsharded(folder);
  }));

Deno.test("an exit code of 1 with half an output is a failure, in job and in the sh wrapper", () =>
  inFolder(async (folder) => {
    const fake = await standIn(
      folder,
      `"$real" "$@"; head -c 400 "$out" >"$here/half"; cat "$here/half" >"$out"; exit 1`,
    );
    const more = ["--scheduler", "htcondor", "--wrapper", "sh"];
    const dir = await renderRun(folder, { ...await oneToyShards(folder, more), nextstat: fake.path });
    assert.equal((await nsfarm(folder, ["job", dir, "0"])).code, 5);
    await mustRun(folder, ["collect", dir], 5);
    await nsfarm(folder, [join(dir, "job_wrapper.sh"), "shared", "0"], { program: "sh" });
    await mustRun(folder, ["collect", dir], 5);
    assert.deepEqual(await finalNames(dir), []);
    const ends = (await readAttempts(dir)).map(({ end }) => `${end?.wrapper} ${end?.cause} ${end?.exit_code}`);
    assert.deepEqual(ends, ["binary exit 1", "sh exit 1"]);
  }));
