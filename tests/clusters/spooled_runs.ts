/** Runs that are submitted with condor_submit -spool. */
import assert from "node:assert/strict";
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
