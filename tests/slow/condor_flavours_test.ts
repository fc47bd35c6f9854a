// slow: a pool that is configured as CERN's is started for it
import assert from "node:assert/strict";
import { copyFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { giveAway } from "../clusters/as_user.ts";
import { type CondorFarm, condorFile, openFit, queued, statusWords } from "../clusters/condor_farm.ts";
import { assertMerged } from "../clusters/slurm_farm.ts";
import { requestArgs, runDir, type RunOptions } from "../support/farm.ts";
import { pause, until } from "../support/scratch.ts";

const PROFILE = fileURLToPath(new URL("../../profiles/cern-htcondor.jsonc", import.meta.url));
const test = condorFile({ slots: 3 });
let isConfigured = false;

/** A pool as CERN describes its own: no job without a flavour or MaxRuntime, and jobs are removed by their run time. */
async function likeCern({ pool }: CondorFarm): Promise<void> {
  if (isConfigured) return;
  isConfigured = true;
  await pool.configure(
    "head",
    "SUBMIT_REQUIREMENT_NAMES = Flavour",
    "SUBMIT_REQUIREMENT_Flavour = JobFlavour =!= undefined || MaxRuntime =!= undefined",
    'SUBMIT_REQUIREMENT_Flavour_REASON = "a job needs a flavour"',
    'NsfarmMost = ifThenElse(MaxRuntime =!= undefined, MaxRuntime, ifThenElse(JobFlavour == "espresso", 5, 7200))',
    "SYSTEM_PERIODIC_REMOVE = JobStatus == 2 && time() - JobCurrentStartDate > $(NsfarmMost)",
    'SYSTEM_PERIODIC_REMOVE_REASON = "Job removed by SYSTEM_PERIODIC_REMOVE due to wall time exceeded allowed max."',
  );
  await until("the schedd has the new configuration", async () => {
    const value = await pool.ask("condor_config_val", "-schedd", "SUBMIT_REQUIREMENT_NAMES").catch(() => "");
    return value.includes("Flavour");
  });
  await pause(2000);
}

/** The words of a command with the shipped profile, as a user copies it. */
async function withProfile(farm: CondorFarm, options: RunOptions): Promise<string[]> {
  const file = join(farm.folder, "cern-htcondor.jsonc");
  await copyFile(PROFILE, file);
  await giveAway(file);
  return ["run", "--profile", file, ...requestArgs(farm.folder, options)];
}

test("a pool that refuses jobs without a flavour says so, and takes them with the shipped profile", async (farm) => {
  await likeCern(farm);
  const refused = await farm.must([
    "run",
    "--scheduler",
    "htcondor",
    ...requestArgs(farm.folder, { toys: 4, shards: 2 }),
  ], 4);
  assert.match(refused.stderr, /a job needs a flavour/);
  assert.equal(await queued(farm.pool), "");
  await farm.must(await withProfile(farm, { toys: 4, shards: 2, id: "flavoured" }));
  const dir = runDir(farm.folder, "flavoured");
  await assertMerged(dir, { toys: 4 });
  assert.match(await readFile(join(dir, "condor_job.sub"), "utf8"), /^\+JobFlavour = "longlunch"$/m);
});

test("a job that is removed for its run time has timed out, in CERN's words, and retry finishes the run", async (farm) => {
  await likeCern(farm);
  const fit = await openFit(farm, `[ "$shard" != 1 ] || [ -e "$here/short" ] || sleep 100`);
  const more = ["--condor-line", '+JobFlavour = "espresso"'];
  await farm.must(await withProfile(farm, { toys: 4, shards: 2, nextstat: fit.path, more }), 5);
  const dir = runDir(farm.folder);
  assert.match(
    await statusWords(farm, dir),
    /1 done, 1 timed_out of 2 shards[^]*timed_out +the site removed it for its run time: .*wall time exceeded/,
  );
  await fit.mark("short");
  await farm.must(["retry", dir, "--wait"]);
  await assertMerged(dir, { toys: 4 });
});
