// slow: it waits for queries of a dead schedd
import assert from "node:assert/strict";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type CondorFarm, condorFile, queued, statusWords, untilIdle } from "../clusters/condor_farm.ts";
import { namesIn } from "../support/farm.ts";
import { until } from "../support/scratch.ts";

const test = condorFile({ nodes: 2, slots: 2, hidden: true });
const SPOOL = ["--mode", "transfer", "--condor-spool"];

/** Numbers of the states of all jobs in the queue: 4 is completed, 5 held. */
async function statesOf({ pool }: CondorFarm): Promise<string[]> {
  return (await queued(pool)).split("\n").flatMap((line) => line.split(/\s+/)[1] ?? []);
}

const untilCompleted = (farm: CondorFarm, jobs: number) =>
  until(
    `${jobs} jobs are completed and in the queue`,
    async () => (await statesOf(farm)).filter((state) => state === "4").length === jobs,
  );

/** Nothing is left of a run: no job in the queue, no file that waits to be checked. */
async function assertNothingLeft(farm: CondorFarm, dir: string): Promise<void> {
  await untilIdle(farm);
  for (const folder of ["incoming", "fetched/incoming", "fetched/logs"]) {
    assert.deepEqual(await namesIn(join(dir, folder)), [], folder);
  }
}

/**
 * Returns the environment of a command whose HTCondor program first does `before`, then what it always does, then
 * `after`: lines of sh, in which $PPID is the nsfarm-deno that started it.
 */
async function withProgram(
  farm: CondorFarm,
  name: string,
  before: string,
  after = "",
): Promise<Record<string, string>> {
  const bin = join(farm.folder, `bin-${crypto.randomUUID().slice(0, 8)}`);
  await mkdir(bin);
  await writeFile(join(bin, name), `#!/bin/sh\n${before}\n/usr/bin/${name} "$@" || exit\n${after}\n`);
  await chmod(join(bin, name), 0o755);
  return { PATH: `${bin}:${Deno.env.get("PATH")}` };
}

test("results that cannot be fetched stay in the spool, also at cancel, and their shards are not lost", async (farm) => {
  const dir = await farm.render({ toys: 4, shards: 2, more: SPOOL });
  await farm.must(["submit", dir]);
  await untilCompleted(farm, 2);
  const env = await withProgram(farm, "condor_transfer_data", 'echo "ERROR: Failed to spool job files." >&2; exit 1');
  const { stdout } = await farm.must(["status", dir], 0, { env });
  assert.match(stdout, /2 running of 2 shards[^]*has ended, but its results are not here: ERROR: Failed to spool/);
  const collected = await farm.must(["collect", dir], 5, { env });
  assert.match(collected.stderr, /warning: results were not fetched from htcondor: .*Failed to spool/);
  await farm.start(["cancel", dir], { env }).ended;
  assert.deepEqual(await statesOf(farm), ["4", "4"]);
  assert.match(await statusWords(farm, dir), /2 done of 2 shards/);
  await assertNothingLeft(farm, dir);
});
