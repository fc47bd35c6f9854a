import type { InJob } from "./contracts/in_job.ts";

/** What a record holds whatever the scheduler. */
const VARIABLES: readonly string[] = [
  "OMP_NUM_THREADS",
  "OPENBLAS_NUM_THREADS",
  "MKL_NUM_THREADS",
  "VECLIB_MAXIMUM_THREADS",
  "NUMEXPR_NUM_THREADS",
  "RAYON_NUM_THREADS",
  "CUDA_VISIBLE_DEVICES",
  "LANG",
  "TZ",
];

/** Threads of numerical libraries that a fit may load: one each, so that nextstat's --threads is the whole use. */
export const ONE_BLAS_THREAD: Record<string, string> = Object.fromEntries(
  ["OMP", "OPENBLAS", "MKL"].map((name) => [`${name}_NUM_THREADS`, "1"]).concat([
    ["VECLIB_MAXIMUM_THREADS", "1"],
    ["NUMEXPR_NUM_THREADS", "1"],
  ]),
);

/** Returns the only variables that a record may hold: ids and settings that explain a result, never secrets. */
export const recordedVariables = (in_jobs: readonly InJob[]): string[] => [
  ...new Set([...VARIABLES, ...in_jobs.flatMap(({ record = [] }) => record)]),
];

/** Returns what of an environment a record keeps, each value at most 200 characters long. */
export function recordedEnvironment(
  environment: Record<string, string>,
  in_jobs: readonly InJob[],
): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name of recordedVariables(in_jobs)) {
    const value = Object.hasOwn(environment, name) ? environment[name] : undefined;
    if (value !== undefined) kept[name] = value.slice(0, 200);
  }
  return kept;
}
