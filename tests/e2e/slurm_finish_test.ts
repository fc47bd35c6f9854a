import assert from "node:assert/strict";
import { join } from "node:path";
import { binary, namesIn, start } from "../support/farm.ts";
import { processesOf, until } from "../support/scratch.ts";
import { asUser } from "../support/slurm_cluster.ts";
import { assertMerged, type SlurmFarm, slurmFile, untilIdle } from "../support/slurm_farm.ts";
import { arrayAt, at, readJson } from "../support/toys.ts";

const test = slurmFile();

/** Submits from a shell of its own session, which is then killed with all that it has started. */
async function submitAndLeave(farm: SlurmFarm, dir: string): Promise<void> {
  const script = '"$0" submit "$1" --finish && echo submitted >"$2"; sleep 600';
  const told = join(farm.folder, "submitted");
  const [program = "", ...words] = asUser("setsid", "sh", "-c", script, binary(), dir, told);
  const shell = start(farm.folder, words, { program, env: farm.cluster.env });
  await until("it is submitted", async () => (await namesIn(farm.folder)).includes("submitted"));
  const mine = (await processesOf(farm.folder)).filter(({ command }) => command.includes("sleep 600"));
  assert(mine.length > 0, "the shell is alive");
  for (const { pid } of mine) Deno.kill(pid, "SIGKILL");
  shell.kill("SIGKILL");
  await shell.ended;
  const left = await processesOf(farm.folder);
  assert.deepEqual(left.filter(({ command }) => /setsid|sleep 600|submit/.test(command)), []);
}

test("with driver and shell gone after submit --finish, merged.out.json appears and is the unsharded run's", async (farm) => {
  const fake = await farm.standIn(`until [ -e "$here/go" ]; do sleep 0.1; done`);
  const dir = await farm.render({ toys: 12, shards: 6, nextstat: fake.path });
  await submitAndLeave(farm, dir);
  await fake.mark("go");
  await untilIdle(farm);
  await assertMerged(dir, { toys: 12 });
  const words = (await farm.must(["status", dir])).stdout;
  assert.match(words, /6 done of 6 shards/);
});

test("one shard that fails for good is named in merge_status.json and nothing is merged; retry --finish completes the run", async (farm) => {
  const fake = await farm.standIn(`[ "$shard" != 2 ] || [ -e "$here/mended" ] || { echo "no luck" >&2; exit 3; }`);
  const dir = await farm.render({ toys: 24, shards: 6, nextstat: fake.path });
  await farm.must(["submit", dir, "--finish"]);
  await untilIdle(farm);
  const status = await readJson(join(dir, "merge_status.json"));
  assert.equal(at(status, "ok"), false);
  assert.deepEqual(arrayAt(status, "problems").map((one) => at(one, "shard_index")), [2]);
  assert(!(await namesIn(dir)).includes("merged.out.json"));
  const results = arrayAt(await readJson(join(dir, "manifest.json")), "results");
  assert.match(`${at(results[2] ?? null, "error")}`, /exit 3: no luck/);
  await fake.mark("mended");
  await farm.must(["retry", dir, "--finish"]);
  await untilIdle(farm);
  await assertMerged(dir, { toys: 24 });
});

test("submit --finish of a run whose job is cancelled while it waits still collects, and says what became of it", async (farm) => {
  const fake = await farm.standIn(`[ "$shard" != 0 ] || until [ -e "$here/go" ]; do sleep 0.1; done`);
  const dir = await farm.render({ toys: 4, shards: 4, nextstat: fake.path, more: ["--slurm-throttle", "1"] });
  await farm.must(["submit", dir, "--finish"]);
  await until("shard 0 runs", async () => (await fake.pids(0)).length > 0);
  await farm.must(["cancel", dir]);
  await fake.mark("go");
  await untilIdle(farm);
  const states = arrayAt(await readJson(join(dir, "manifest.json")), "results").map((one) => at(one, "farm.state"));
  assert.deepEqual(states, ["cancelled", "cancelled", "cancelled", "cancelled"]);
  await farm.must(["retry", dir, "--finish"]);
  await untilIdle(farm);
  await assertMerged(dir, { toys: 4 });
});
