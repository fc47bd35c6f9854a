/** The judge of a run with starts by other starts: how many of its toys some of them fit lower. */
import { join } from "node:path";
import { readSpecModel } from "../../core/spec.ts";
import { readSource } from "../../runtime/starts/data.ts";
import { onAllCores } from "../../runtime/starts/fits.ts";
import { validCandidates } from "../../runtime/starts/make.ts";
import { mustRun, runArgs, runDir } from "./farm.ts";
import { fitFrom } from "./lowest_fits.ts";
import { readManifest } from "./run_dir.ts";
import { arrayAt, at, readJson } from "./toys.ts";

/** What is run, and how it is judged. */
export interface Asked {
  config: string;
  /** Generated signal. */
  mu: number;
  k: number;
  toys: number;
  seed: number;
  /** Number of other starts. */
  others: number;
}

/** What a run with starts gave, and what other starts find of it; fractions of its toys. */
export interface Judged {
  mean: number;
  at_zero: number;
  /** Toys of which the lowest of the run's and the other starts is not the run's. */
  missed: number;
  bound: number;
  k: number;
}

/** Difference in NLL from which on a fit has missed the minimum, as the documentation has it. */
const MISSED = 1e-3;

/** Data sets that are drawn for each other start: some have no fit that can be one. */
const DRAWN = 2;

/** Runs toys from K starts and fits the same toys from other starts, which another seed has drawn. */
export async function judgedRun(folder: string, { config, mu, k, toys, seed, others }: Asked): Promise<Judged> {
  const id = `judged${seed}_${mu}_${k}`;
  const more = ["--starts", `${k}`, "--seed", `${seed}`, "--set", `mu=${mu}`];
  await mustRun(folder, runArgs(folder, { toys, shards: 2, config, id, more }), 0, { most_s: 3600 });
  const dir = runDir(folder, id);
  const merged = await readJson(join(dir, "merged.out.json"));
  const manifest = await readManifest(dir);
  const spec: unknown = JSON.parse(await Deno.readTextFile(config));
  const point = { ...manifest.farm.frozen_gen, ...manifest.farm.set };
  const source = await readSource(config, spec, readSpecModel(spec), point);
  const scratch = join(folder, `${id}.others`);
  const run = { manifest: { ...manifest, seed: seed + 1_000_003 }, point, scratch };
  const starts = (await validCandidates(run, source, DRAWN * others)).slice(1, others + 1);
  const nlls = await onAllCores(starts, (one) => fitFrom(one.spec, point, { toys, seed, out: `${one.spec}.out` }));
  const own = arrayAt(merged, "results.nll").map(Number);
  const n_missed = own.filter((nll, toy) => nlls.some((other) => nll - (other[toy] ?? NaN) >= MISSED)).length;
  const poi = arrayAt(merged, "results.poi_hat").map(Number);
  return {
    mean: poi.reduce((sum, one) => sum + one, 0) / poi.length,
    at_zero: poi.filter((one) => one < 1e-6).length / toys,
    missed: n_missed / toys,
    bound: Number(at(merged, "merge.farm.starts.missed_bound")),
    k: Number(at(merged, "merge.farm.starts.k")),
  };
}
