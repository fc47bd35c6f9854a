/** The judge of runs with starts: nextstat's own unsplit runs, one from each start, and the lowest fit of each toy. */
import assert from "node:assert/strict";
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FarmManifest } from "../../core/schema/manifest.ts";
import { nextstat } from "./farm.ts";
import { arrayAt, assertClose, at, type Json, readJson } from "./toys.ts";

const SAMPLES = new URL("../samples/starts/", import.meta.url).pathname;

/** Copies a sample of `tests/samples/starts` and its data to a folder. @returns the path of the spec */
export async function startsSample(folder: string, name = "floating_b"): Promise<string> {
  for (const file of [`${name}.json`, "obs0.parquet", "obs1.parquet"]) {
    await copyFile(join(SAMPLES, file), join(folder, file));
  }
  return join(folder, `${name}.json`);
}

/** Difference in NLL from which on a fit has missed the minimum, as the documentation has it. */
const MISSED = 1e-3;

/** Asserts that a merged run with starts has each toy once, with its lowest fit, and counts what each start missed. */
export async function assertLowest(dir: string, { farm, ...manifest }: FarmManifest, toys: number): Promise<void> {
  const list = farm.starts?.list ?? [];
  const specs = list.map(({ spec }) => spec === null ? manifest.config : join(dir, spec));
  const values = Object.entries(farm.frozen_gen ?? {}).flatMap(([name, value]) => ["--set", `${name}=${value}`]);
  const words = ["--n-toys", `${toys}`, "--seed", `${manifest.seed}`, "--threads", "1", "--gen", "init", ...values];
  const fits = await fitAll(specs, words);
  const nlls = fits.map((fit) => arrayAt(fit, "results.nll").map(Number));
  const lowest = Array.from({ length: toys }, (_, toy) => Math.min(...nlls.map((nll) => nll[toy] ?? NaN)));
  const merged = await readJson(join(dir, "merged.out.json"));
  // Fits within 1e-6 are equal: then that of the first start is kept.
  const kept = lowest.map((least, toy) => nlls.findIndex((nll) => (nll[toy] ?? NaN) <= least + 1e-6));
  for (const name of ["nll", "poi_hat", "converged"]) {
    const arrays = fits.map((fit) => arrayAt(fit, `results.${name}`));
    const wanted = kept.map((start, toy) => arrays[start]?.[toy] ?? null);
    assertClose(at(merged, `results.${name}`), wanted, 1e-12, name);
  }
  assertClose(at(merged, "gen.params"), at(fits[0] ?? null, "gen.params"), 1e-12, "gen.params");
  const missed = nlls.map((nll) => nll.filter((one, toy) => one - (lowest[toy] ?? NaN) >= MISSED).length);
  assert.deepEqual(arrayAt(merged, "merge.farm.starts.starts").map((one) => at(one, "n_missed")), missed);
  assert.equal(at(merged, "merge.farm.starts.n_toys"), toys);
}

async function fitAll(specs: string[], words: string[]): Promise<Json[]> {
  const place = await mkdtemp(join(tmpdir(), "nsfarm-lowest-"));
  try {
    const fits: Json[] = [];
    for (const [i, spec] of specs.entries()) {
      fits.push(await fitOne(spec, words, join(place, `${i}.json`)));
    }
    return fits;
  } finally {
    await rm(place, { recursive: true });
  }
}

/** Fits toys of a run from one spec, and returns their NLL. */
export async function fitFrom(
  config: string,
  point: Readonly<Record<string, number>>,
  { toys, seed, out }: { toys: number; seed: number; out: string },
): Promise<number[]> {
  const values = Object.entries(point).flatMap(([name, value]) => ["--set", `${name}=${value}`]);
  const words = ["--n-toys", `${toys}`, "--seed", `${seed}`, "--threads", "1", "--gen", "init", ...values];
  return arrayAt(await fitOne(config, words, out), "results.nll").map((nll) => nll === null ? NaN : Number(nll));
}

async function fitOne(config: string, words: string[], out: string): Promise<Json> {
  const args = ["unbinned-fit-toys", "--config", config, ...words, "-o", out];
  const env = { OMP_NUM_THREADS: "1", OPENBLAS_NUM_THREADS: "1" };
  const { success, stderr } = await new Deno.Command(nextstat(), { args, env, stdin: "null" }).output();
  assert(success, new TextDecoder().decode(stderr));
  return await readJson(out);
}
