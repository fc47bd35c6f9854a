/**
 * Makes a run directory whose shards were never fitted, with true records of made-up toys, to measure collect, merge
 * and verify. Usage: make_shards.ts DIR SHARDS TOYS_PER_SHARD [--pulls]
 */
import { mkdir, readFile, utimes, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { readOutputText } from "../core/output.ts";
import type { RunStarts } from "../core/schema/starts.ts";
import { lowestOutput } from "../core/starts/lowest.ts";
import { sha256Of } from "../runtime/fs/hash_file.ts";
import { inventedMetrics } from "../tests/fixtures/metrics.ts";
import { inventedOutput } from "../tests/fixtures/output.ts";
import { inventedRun } from "../tests/fixtures/run.ts";
import { makeInputs } from "./make_inputs.ts";

async function inputsOf(dir: string) {
  const config = await makeInputs(join(dir, "inputs"), "10k");
  const inputs = ["gauss_exp_10k.json", "observed.parquet"].map(async (path) => {
    const bytes = await readFile(join(dir, "inputs", path));
    return { path, bytes: bytes.length, sha256: sha256Of(bytes) };
  });
  return { config, inputs: await Promise.all(inputs) };
}

/** Returns starts of which the run directory has no files: no command that is measured reads them. */
function inventedStarts(k: number): RunStarts {
  const sha256 = "1a".repeat(32);
  const list = Array.from({ length: k }, (_, index) => ({ index, spec: null, data_file: "observed.parquet", sha256 }));
  return { asked: k, k, list, files: [], n_candidates: k, n_valid: k, n_trial_toys: 60 };
}

/** Returns an output as a shard with starts has it, in which the first start has found every toy. */
const lowestOf = (output: string, k: number): string =>
  lowestOutput(Array.from({ length: k }, () => readOutputText(output).output));

/** Writes the whole run directory and returns its manifest's path. */
export async function makeShards(
  dir: string,
  n_shards: number,
  toys_per_shard: number,
  { pulls = false, starts = 0 } = {},
): Promise<string> {
  await mkdir(dir, { recursive: true });
  const run = { ...await inputsOf(dir), n_toys: n_shards * toys_per_shard, shards: n_shards, pulls, faults: false };
  const manifest = inventedRun(dir, run);
  if (starts > 0) manifest.farm.starts = inventedStarts(starts);
  // A fit ends before its record is written: not within the same tick of the file system's clock.
  const before = Date.now() / 1000 - 1;
  const fitted = [before, before] as const;
  for (const plan of manifest.plans) {
    const own = inventedOutput(manifest, plan);
    const out = starts > 0 ? lowestOf(own, starts) : own;
    const metrics = inventedMetrics(manifest, plan, out);
    const base = join(dir, `shard_${plan.shard_index}`);
    await writeFile(`${base}.out.json`, out);
    await utimes(`${base}.out.json`, ...fitted);
    await writeFile(`${base}.metrics.json`, metrics);
  }
  const path = join(dir, "manifest.json");
  await writeFile(path, JSON.stringify(manifest, null, 2) + "\n");
  return path;
}

if (import.meta.main) {
  const [dir = "", shards = "10000", toys = "100", pulls] = Deno.args;
  console.log(await makeShards(resolve(dir), Number(shards), Number(toys), { pulls: pulls === "--pulls" }));
}
