import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { at } from "../support/toys.ts";
import type { CondorFarm, OpenFit } from "./condor_farm.ts";

/** Returns the makespan of a run in seconds from three sources: merge, the stamps of the fits, the event logs. */
export async function makespans(
  farm: CondorFarm,
  dir: string,
  fit: OpenFit,
): Promise<{ ours: number; fits: number; condors: number }> {
  const { stdout } = await farm.must(["merge", dir, "--json"]);
  return {
    ours: Number(at(JSON.parse(stdout), "times.makespan_s")),
    fits: span((await fit.log()).map((line) => line.at_s)),
    condors: span(await eventTimes(dir)),
  };
}

const span = (times: number[]): number => Math.max(...times) - Math.min(...times);

/** Returns the times of starts and ends of jobs in their event logs. */
async function eventTimes(dir: string): Promise<number[]> {
  const names = (await readdir(join(dir, "logs"))).filter((name) => /^condor\.[0-9]+\.log$/.test(name));
  const texts = await Promise.all(names.map((name) => readFile(join(dir, "logs", name), "utf8")));
  const events = texts.join("").matchAll(/^00[15] \([0-9.]+\) (\S+) (\S+) Job (?:executing|terminated)/gm);
  return [...events].map(([, day, time]) => Date.parse(`${day}T${time}Z`) / 1000);
}
