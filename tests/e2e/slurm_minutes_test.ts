import assert from "node:assert/strict";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { livePlans, uncutPlan } from "../../core/check_manifest.ts";
import { output } from "../clusters/as_user.ts";
import { assertMerged, type SlurmFarm, slurmFile, submissions } from "../clusters/slurm_farm.ts";
import { namesIn, readText, runDir } from "../support/farm.ts";
import { readManifest } from "../support/run_dir.ts";
import { killQuietly, until } from "../support/scratch.ts";
import { assertCutOnce, assertMinutes, minutesArgs, waitingNextstat, wholeShards } from "../support/minutes.ts";

const test = slurmFile();

async function words({ folder }: SlurmFarm, minutes: number, toys: number, before = ""): Promise<string[]> {
  const nextstat = await waitingNextstat(folder, { ms_a_toy: 100, before });
  return ["--scheduler", "slurm", ...minutesArgs(folder, minutes, { toys, nextstat })];
}

test("run has jobs of the wanted time: eight probes, then an array of shards that is cut by their times", async (farm) => {
  const toys = 900;
  await farm.must(["run", ...await words(farm, 0.1, toys)], 0, { most_s: 300 });
  const dir = runDir(farm.folder);
  assert.equal(await assertCutOnce(dir), 8);
  const manifest = await readManifest(dir);
  const others = livePlans(manifest).filter(({ farm }) => !farm?.probe).map(({ shard_index }) => shard_index);
  assert.deepEqual((await submissions(dir)).map(({ shards }) => shards), [[0, 1, 2, 3, 4, 5, 6, 7], others]);
  const whole = await wholeShards(dir);
  assert(whole.length >= 8);
  assertMinutes(whole.map((one) => ({ ...one, host: "any" })));
  await assertMerged(dir, { toys });
});

test("a driver that is killed between the cut and its submission submits those shards, each once", async (farm) => {
  const toys = 300;
  const place = join(farm.folder, "shims");
  const sbatch = (await output(["which", "sbatch"], {})).trim();
  await mkdir(place);
  const script = `#!/bin/sh
echo >>'${farm.folder}/calls'
[ "$(wc -l <'${farm.folder}/calls')" != 2 ] || { echo $$ >'${farm.folder}/second'; exec sleep 600; }
exec '${sbatch}' "$@"
`;
  await writeFile(join(place, "sbatch"), script);
  await chmod(join(place, "sbatch"), 0o755);
  const env = { PATH: `${place}:${Deno.env.get("PATH")}` };
  const args = ["run", ...await words(farm, 0.05, toys)];
  const dir = runDir(farm.folder);
  const driver = farm.start(args, { env });
  await until("the second sbatch is called", async () => (await namesIn(farm.folder)).includes("second"));
  driver.kill("SIGKILL");
  await driver.ended;
  const { plans } = await readManifest(dir);
  assert.equal(uncutPlan({ plans }), undefined);
  killQuietly(Number(await readText(join(farm.folder, "second"))));
  await farm.must(args, 0, { env });
  assert.deepEqual((await readManifest(dir)).plans, plans, "they are not cut again");
  await assertCutOnce(dir);
  await assertMerged(dir, { toys });
});
