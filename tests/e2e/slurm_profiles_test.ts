import assert from "node:assert/strict";
import { copyFile, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { giveAway } from "../clusters/as_user.ts";
import { assertMerged, type SlurmFarm, slurmFile, untilIdle } from "../clusters/slurm_farm.ts";
import { binary, requestArgs, runDir } from "../support/farm.ts";
import { readRecord } from "../support/run_dir.ts";

const PROFILES = fileURLToPath(new URL("../../profiles", import.meta.url));
const test = slurmFile();

/** Changes slurm.conf and makes slurmctld read it. */
async function reconfigure({ cluster }: SlurmFarm, change: (conf: string) => string): Promise<void> {
  const file = join(cluster.dir, "etc/slurm.conf");
  await writeFile(file, change(await readFile(file, "utf8")));
  await cluster.asRoot("scontrol", "reconfigure");
}

/** Writes a shipped profile, changed as its comments say, for the user of the cluster. Returns its path. */
async function ownCopy(farm: SlurmFarm, name: string, change: (text: string) => string) {
  const file = join(farm.folder, name);
  await copyFile(join(PROFILES, name), file);
  await writeFile(file, change(await readFile(file, "utf8")));
  await giveAway(file);
  return file;
}

/** A site's rule, for Slurm's Lua plugin (slurm.conf(5), JobSubmitPlugins). */
const RULE = `function slurm_job_submit(job, parts, uid)
  if job.account ~= "higgs" then
    slurm.log_user("no such project")
    return slurm.ERROR
  end
  if job.qos == nil or job.time_limit == slurm.NO_VAL then
    slurm.log_user("give a QOS and a time limit")
    return slurm.ERROR
  end
  return slurm.SUCCESS
end
function slurm_job_modify() return slurm.SUCCESS end
return slurm.SUCCESS
`;

test("a Slurm that refuses jobs without account, QOS and time limit takes those of the shipped profile", async (farm) => {
  await writeFile(join(farm.cluster.dir, "etc/job_submit.lua"), RULE);
  await reconfigure(farm, (conf) => `${conf}\nJobSubmitPlugins=lua\n`);
  const request = requestArgs(farm.folder, { toys: 4, shards: 2 });
  const refused = await farm.must(["run", "--scheduler", "slurm", ...request], 4);
  assert.match(refused.stderr, /no such project/);
  const file = await ownCopy(farm, "slurm-qos-account.jsonc", (text) => text.replace('"PROJECT"', '"higgs"'));
  await farm.must(["run", "--profile", file, ...requestArgs(farm.folder, { toys: 4, shards: 2, id: "charged" })]);
  await assertMerged(runDir(farm.folder, "charged"), { toys: 4 });
  await reconfigure(farm, (conf) => conf.replace("\nJobSubmitPlugins=lua\n", ""));
});

test("a Slurm of whole nodes: preflight begins from the shipped profile, and its lines run the run in one allocation", async (farm) => {
  await reconfigure(farm, (conf) => conf.replaceAll(/^(PartitionName=.*)$/gm, "$1 OverSubscribe=EXCLUSIVE"));
  const file = join(farm.folder, "mine.jsonc");
  const { stdout } = await farm.must(["preflight", "--scheduler", "slurm", "--write-profile", file]);
  assert.match(stdout, /main .*whole nodes only/);
  const text = await readFile(file, "utf8");
  assert.match(text, /It begins from profiles\/slurm-whole-nodes\.jsonc/);
  assert.match(text, /"scheduler": "local"/);
  const fake = await farm.standIn("sleep 1");
  const request = requestArgs(farm.folder, { toys: 24, shards: 12, nextstat: fake.path, id: "study" });
  await farm.must(["render", "--profile", file, ...request]);
  const [, wrapped = ""] = /--wrap '([^']*)'/.exec(text) ?? [];
  assert.match(wrapped, /^srun .* nsfarm-deno work study --slots/);
  const dir = runDir(farm.folder, "study");
  const setup = `cd '${dirname(dir)}' && PATH=${dirname(binary())}:$PATH && export PATH`;
  const words = "--nodes=2 --ntasks-per-node=1 --exclusive --time=2:00:00";
  await farm.cluster.ask("sh", "-c", `${setup} && sbatch ${words} --wrap '${wrapped}'`);
  await untilIdle(farm);
  await farm.must(["finish", dir]);
  await assertMerged(dir, { toys: 24 });
  const records = await Promise.all(Array.from({ length: 12 }, (_, shard) => readRecord(dir, shard)));
  assert.deepEqual([...new Set(records.map(({ host }) => host))].sort(), ["n1", "n2"]);
});
