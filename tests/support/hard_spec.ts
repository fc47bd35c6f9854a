import { copyFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { inputs, nextstat } from "./farm.ts";
import { type Json, readJson } from "./toys.ts";

/**
 * Writes a spec and its data, whose toys end in every way: errors, fits that do not converge, good fits. Of its toys
 * from seed 42 on the first does not converge, the next two do, the fourth ends with an error.
 */
export async function hardSpec(folder: string): Promise<string> {
  const spec = JSON.parse(await readFile(join(inputs(), "gauss_exp_10k.json"), "utf8"));
  spec.model.parameters[0].bounds = [-1e6, 1e6];
  await copyFile(join(inputs(), "observed.parquet"), join(folder, "observed.parquet"));
  const path = join(folder, "hard.json");
  await writeFile(path, JSON.stringify(spec));
  return path;
}

/**
 * Returns nextstat's output of toys from a seed on, fitted by one process with one thread; after a failed guardrail it
 * exits 1 and still writes the output.
 */
export async function fittedWhole(
  folder: string,
  { config, toys, seed = 42 }: { config: string; toys: number; seed?: number },
  more: string[],
): Promise<Json> {
  const out = join(folder, "whole.json");
  const words = ["unbinned-fit-toys", "--config", config, "--n-toys", `${toys}`, "--threads", "1"];
  const args = [...words, "--seed", `${seed}`, ...more, "-o", out];
  await new Deno.Command(nextstat(), { args, stderr: "null", env: { OMP_NUM_THREADS: "1" } }).output();
  return await readJson(out);
}
