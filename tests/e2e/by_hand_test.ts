import assert from "node:assert/strict";
import { loadFarmRun } from "../../runtime/run/load_manifest.ts";
import { type FakeSlurm, fakeSlurm } from "../support/fake_slurm.ts";
import { mustRun, nsfarm, renderRun } from "../support/farm.ts";
import { inFolder } from "../support/scratch.ts";

/** A Slurm run of this many shards, and a function that submits its script by hand as job 47. */
async function rendered(folder: string, shards: number): Promise<{ dir: string; slurm: FakeSlurm; sbatch(): unknown }> {
  const slurm = await fakeSlurm(folder);
  const dir = await renderRun(folder, { toys: shards, shards, more: ["--scheduler", "slurm"] });
  const { manifest: { run_id, farm } } = loadFarmRun(dir);
  const last = Math.min(shards, 5) - 1;
  return { dir, slurm, sbatch: () => slurm.write("queue", `47 ${run_id}-nsfarm-${farm.run_token} 0-${last}`) };
}

for (const [what, shards] of [["one array", 4], ["several arrays", 8]] as const) {
  Deno.test(`shards of ${what} that were submitted by hand are queued, and are not submitted again`, () =>
    inFolder(async (folder) => {
      const { dir, slurm, sbatch } = await rendered(folder, shards);
      const run = (...args: string[]) => mustRun(folder, [...args, dir], 0, { env: slurm.env });
      assert.match((await run("status")).stdout, /submit the remaining shards with/);
      await sbatch();
      const { stdout } = await run("status");
      assert.match(stdout, new RegExp(`queued +job 47, submitted by hand: shards 0-${shards - 1}`));
      assert.doesNotMatch(stdout, /nsfarm-deno submit/);
      assert.match((await run("doctor")).stdout, /Watch it with:\n.* status .* --watch/);
      for (const command of ["submit", "retry"]) {
        assert.match((await run(command)).stdout, /Nothing to submit: \d shards queued or running/);
      }
      assert.deepEqual(await slurm.queued(), ["47"]);
      await slurm.setState("CANCELLED");
      assert.match((await run("submit")).stdout, /slurm job 101/, "a job that has ended runs nothing any more");
    }, "nsfarm-e2e-"));
}

Deno.test("cancel and pause name a job that was submitted by hand, which they leave alone", () =>
  inFolder(async (folder) => {
    const { dir, slurm, sbatch } = await rendered(folder, 4);
    await sbatch();
    const { code, stdout } = await nsfarm(folder, ["cancel", dir], { env: slurm.env });
    assert.deepEqual([code, stdout], [4, "slurm job 47, submitted by hand, goes on: cancel it by its id\n"]);
    const paused = await mustRun(folder, ["pause", dir], 0, { env: slurm.env });
    assert.match(paused.stdout, /slurm job 47, submitted by hand, is not held: hold it by its id/);
  }, "nsfarm-e2e-"));

Deno.test("finish awaits no files of shards that were not submitted, or whose jobs wait in the queue", () =>
  inFolder(async (folder) => {
    const { dir, slurm, sbatch } = await rendered(folder, 4);
    const finished = async () => {
      const begin = performance.now();
      const { stderr } = await mustRun(folder, ["finish", dir], 5, { env: slurm.env });
      assert.ok(performance.now() - begin < 30_000);
      return /nsfarm-deno [a-z]+/.exec(stderr)?.[0];
    };
    assert.equal(await finished(), "nsfarm-deno retry");
    await sbatch();
    assert.equal(await finished(), "nsfarm-deno doctor", "a retry submits nothing of what is queued");
    await slurm.write("queue", "");
    await mustRun(folder, ["submit", dir], 0, { env: slurm.env });
    assert.equal(await finished(), "nsfarm-deno doctor");
    const other = await renderRun(folder, { toys: 4, shards: 4, id: "other" });
    await mustRun(folder, ["job", other, "0"]);
    const began = performance.now();
    await mustRun(folder, ["finish", other, "--file-grace-s", "4"], 5);
    assert.ok(performance.now() - began > 4000, "where a shard was begun by hand, the others may be on their way");
  }, "nsfarm-e2e-"));
