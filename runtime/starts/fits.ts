import { dirname, join } from "node:path";
import { fitCommand } from "../../core/fit_command.ts";
import { readOutputText } from "../../core/output.ts";
import { ONE_BLAS_THREAD } from "../../core/record.ts";
import type { FarmManifest } from "../../core/schema/manifest.ts";
import * as z from "../../core/schema/zod.ts";
import { parseJson } from "../fs/read.ts";
import { runProgram } from "../system/process.ts";

const DataFit = z.looseObject({
  converged: z.boolean(),
  n_active_bounds: z.optional(z.nullable(z.number())),
  parameter_names: z.array(z.string()),
  bestfit: z.array(z.number()),
  poi_index: z.number(),
});
type DataFit = z.infer<typeof DataFit>;

/** The run whose toys are tried, and where files may be written. */
export interface TrialRun {
  manifest: FarmManifest;
  /** Generation point, by parameter name. */
  point: Record<string, number>;
  scratch: string;
}

/**
 * Fits the data of a spec. From a start on a bound of the POI all toys end there; on others trial toys are as good a judge.
 * @returns the number of parameters on bounds; null: the fit is no start, as it did not converge or the POI is on a bound
 */
export async function boundsOfStart(
  { manifest, scratch }: TrialRun,
  spec: string,
  { name, poi_bounds: [lo, hi] }: { name: string; poi_bounds: readonly [number, number] },
): Promise<number | null> {
  const out = join(scratch, `${name}.fit.json`);
  const fit = await fitData(manifest.nextstat_bin, spec, out);
  const poi = fit?.bestfit[fit.poi_index] ?? NaN;
  return fit?.converged === true && poi > lo && poi < hi ? fit.n_active_bounds ?? 0 : null;
}

/** Fits the data of a spec. @param out path for what nextstat writes @returns null: it does not fit them */
export async function fitData(nextstat: string, spec: string, out: string): Promise<DataFit | null> {
  const words = ["unbinned-fit", "--config", spec, "--threads", "1", "-o", out];
  if (await exitCode([nextstat, ...words], dirname(spec)) !== 0) return null;
  return DataFit.safeParse(parseJson(Deno.readFileSync(out))).data ?? null;
}

/** What the same trial toys gave from one start. */
interface TrialToys {
  nll: Float64Array;
  poi_hat: Float64Array;
}

/** Seeds between the toys of a run and trial toys, which are none of them. */
const SEEDS_BEFORE_TRIAL = 3_000_000_000;

/** Fits trial toys of a run from one start. @param set number of the set of trial toys @returns null: the fit failed */
export async function fitTrial(
  { manifest, point, scratch }: TrialRun,
  spec: string,
  { name, n_toys, set }: { name: string; n_toys: number; set: number },
): Promise<TrialToys | null> {
  const [out, metrics] = [join(scratch, `${name}.${set}.out.json`), join(scratch, `${name}.${set}.metrics.json`)];
  const { starts: _, ...farm } = manifest.farm;
  const one = { ...manifest, shards: 0, farm: { ...farm, frozen_gen: point, pulls: false } };
  const [first] = manifest.plans;
  if (!first) return null;
  const plan = { ...first, n_toys, seed: manifest.seed + SEEDS_BEFORE_TRIAL + set * n_toys };
  const paths = { nextstat: manifest.nextstat_bin, config: spec, out, metrics };
  if (await exitCode(fitCommand(one, plan, paths, 1), dirname(spec)) !== 0) return null;
  const { output } = readOutputText(Deno.readTextFileSync(out));
  return { nll: output.nll, poi_hat: output.poi_hat };
}

async function exitCode(argv: string[], cwd: string): Promise<number | null> {
  const env = Object.entries(ONE_BLAS_THREAD).map(([name, value]) => `${name}=${value}`);
  return (await runProgram({ argv: ["env", ...env, ...argv], cwd, timeout_s: 600 })).exit_code;
}

/** Calls `work` with each item, as many at once as there are cores; results are in the order of the items. */
export async function onAllCores<T, R>(items: readonly T[], work: (item: T, i: number) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const one = async () => {
    for (let i = next++; i < items.length; i = next++) {
      const item = items[i];
      if (item !== undefined) results[i] = await work(item, i);
    }
  };
  await Promise.all(Array.from({ length: Math.min(navigator.hardwareConcurrency, items.length) }, one));
  return results;
}
