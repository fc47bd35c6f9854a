import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { nextstat } from "./farm.ts";
import { type Json, readJson } from "./toys.ts";

/** A pyhf workspace of two bins: signal of 12 and 11 events, background of 50 and 52 with its uncertainty. */
const TWO_BINS = {
  channels: [{
    name: "c",
    samples: [
      { name: "signal", data: [12, 11], modifiers: [{ name: "mu", type: "normfactor", data: null }] },
      { name: "background", data: [50, 52], modifiers: [{ name: "uncorr", type: "shapesys", data: [3, 7] }] },
    ],
  }],
  observations: [{ name: "c", data: [51, 48] }],
  measurements: [{ name: "m", config: { poi: "mu", parameters: [] } }],
  version: "1.0.0",
};

/** Writes the workspace into a folder and returns its path. */
export async function writeWorkspace(folder: string): Promise<string> {
  const path = join(folder, "workspace.json");
  await writeFile(path, JSON.stringify(TWO_BINS));
  return path;
}

/** Writes a workspace without constrained parameters, with these events in each bin, and returns its path. */
export async function writeCounts(
  folder: string,
  { signal, background, observed }: Record<"signal" | "background" | "observed", number[]>,
): Promise<string> {
  const path = join(folder, "counts.json");
  const mu = { name: "mu", type: "normfactor", data: null };
  const samples = [
    { name: "signal", data: signal, modifiers: [mu] },
    { name: "background", data: background, modifiers: [] },
  ];
  const channels = [{ name: "c", samples }];
  await writeFile(path, JSON.stringify({ ...TWO_BINS, channels, observations: [{ name: "c", data: observed }] }));
  return path;
}

/** Returns what one nextstat run of all toys prints. */
export async function wholeTest(folder: string, workload: string, config: string, more: string[]): Promise<Json> {
  const out = join(folder, "whole.json");
  const flag = workload === "hypotest-toys" ? "--input" : "--config";
  const args = [workload, flag, config, "--threads", "1", ...more, "-o", out];
  const { success, stderr } = await new Deno.Command(nextstat(), { args, env: { OMP_NUM_THREADS: "1" } }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return await readJson(out);
}

/** The words of a hypothesis test of the workspace at mu = 1. */
export const TEST_WORDS = ["--workload", "hypotest-toys", "--mu", "1"];

/** Asserts that the merged test of a run is what one nextstat run of all its toys prints. */
export async function assertTest(folder: string, dir: string, config: string, toys = 60): Promise<void> {
  const merged = await readJson(join(dir, "merged.out.json"));
  assert(typeof merged === "object" && merged !== null && !Array.isArray(merged));
  const { merge: _, ...own } = merged;
  assert.deepEqual(own, await wholeTest(folder, "hypotest-toys", config, ["--mu", "1", "--n-toys", `${toys}`]));
}
