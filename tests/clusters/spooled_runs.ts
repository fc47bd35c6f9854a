/** Runs that are submitted with condor_submit -spool. */
import assert from "node:assert/strict";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { namesIn } from "../support/farm.ts";
import { until } from "../support/scratch.ts";
import { type CondorFarm, queued, untilIdle } from "./condor_farm.ts";

export const SPOOL = ["--mode", "transfer", "--condor-spool"];

/** Numbers of the states of all jobs in the queue: 4 is completed, 5 held. */
export async function statesOf({ pool }: CondorFarm): Promise<string[]> {
  return (await queued(pool)).split("\n").flatMap((line) => line.split(/\s+/)[1] ?? []);
}

export const untilCompleted = (farm: CondorFarm, jobs: number) =>
  until(
    `${jobs} jobs are completed and in the queue`,
    async () => (await statesOf(farm)).filter((state) => state === "4").length === jobs,
  );

/** Nothing is left of a run: no job in the queue, no file that waits to be checked. */
export async function assertNothingLeft(farm: CondorFarm, dir: string): Promise<void> {
  await untilIdle(farm);
  for (const folder of ["incoming", "fetched/incoming", "fetched/logs"]) {
    assert.deepEqual(await namesIn(join(dir, folder)), [], folder);
  }
}

/**
 * Returns the environment of a command whose HTCondor program first does `before`, then what it always does, then
 * `after`: lines of sh, in which $PPID is the nsfarm-deno that started it.
 */
export async function withProgram(
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
