import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { assertMerged, type SlurmFarm, slurmFile, slurmRun, submissions } from "../clusters/slurm_farm.ts";
import { namesIn, runDir } from "../support/farm.ts";
import { until } from "../support/scratch.ts";
import { programInFront } from "../clusters/user_farm.ts";

const test = slurmFile();

/** The real sbatch, found through PATH, with something before and after it. */
async function slowSbatch({ folder }: SlurmFarm, before: string, after: string): Promise<Record<string, string>> {
  const lines = `echo $$ >>'${folder}/called'\n${before}\n"$real" "$@"; code=$?\n${after}\nexit $code`;
  return await programInFront(folder, "sbatch", lines);
}

const callsOf = async ({ folder }: SlurmFarm) =>
  (await readFile(join(folder, "called"), "utf8").catch(() => "")).split("\n").length - 1;

for (
  const { when, before, after } of [
    { when: "when Slurm has the job but its answer is not there yet", before: "", after: `touch sent; sleep 8` },
    {
      when: "while sbatch is still on its way, which goes on by itself",
      before: `touch sent; sleep 6`,
      after: "",
    },
  ]
) {
  test(`run killed ${when}: the token is on disk, and run again finds the job and submits none`, async (farm) => {
    const fake = await farm.standIn("");
    const dir = runDir(farm.folder);
    const words = slurmRun(farm, { toys: 12, shards: 4, nextstat: fake.path });
    const env = await slowSbatch(farm, before, after);
    const first = farm.start(words, { env });
    await until("sbatch is called", async () => (await namesIn(dir)).includes("sent"));
    first.kill("SIGKILL");
    assert.equal((await first.ended).signal, "SIGKILL");
    const [intent, ...others] = await submissions(dir);
    assert.deepEqual([intent?.state, intent?.job_id, others.length], ["intent", null, 0]);
    assert(intent?.command.includes(`--comment=nsfarm:${intent.token}`));

    await farm.must(words, 0, { env });
    await assertMerged(dir, { toys: 12 });
    assert.deepEqual((await submissions(dir)).map(({ token, state }) => [token, state]), [[
      intent?.token,
      "submitted",
    ]]);
    assert.equal(await callsOf(farm), 1);
    assert.equal((await fake.log()).filter((one) => one.what === "start").length, 4);
  });
}

test("an sbatch that fails after Slurm has accepted the job is looked up by its token, not repeated", async (farm) => {
  const env = await slowSbatch(
    farm,
    "exec 3>&1 >/dev/null",
    `echo "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation" >&2; code=1`,
  );
  const dir = runDir(farm.folder);
  await farm.must(slurmRun(farm, { toys: 6, shards: 3 }), 0, { env });
  await assertMerged(dir, { toys: 6 });
  assert.equal(await callsOf(farm), 1);
  assert.match((await submissions(dir))[0]?.answer ?? "", /Socket timed out/);
});

test("of five simultaneous submits of one run one submits, and the others find its jobs", async (farm) => {
  const fake = await farm.standIn("");
  const dir = await farm.render({ toys: 8, shards: 4, nextstat: fake.path });
  const five = Array.from({ length: 5 }, () => farm.start(["submit", dir]));
  const printed = await Promise.all(five.map(({ ended }) => ended));
  assert.deepEqual(printed.map(({ code }) => code), [0, 0, 0, 0, 0], printed.map(({ stderr }) => stderr).join(""));
  assert.equal(printed.filter(({ stdout }) => stdout.startsWith("slurm job")).length, 1);
  assert.equal((await submissions(dir)).length, 1);
  await farm.must(["submit", dir, "--wait"]);
  await assertMerged(dir, { toys: 8 });
  assert.equal((await fake.log()).filter((one) => one.what === "start").length, 4);
});
