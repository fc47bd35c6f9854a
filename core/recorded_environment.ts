/** The only environment variables that a record may hold: ids and settings that explain a result, never secrets. */
export const RECORDED_VARIABLES = [
  "OMP_NUM_THREADS",
  "OPENBLAS_NUM_THREADS",
  "MKL_NUM_THREADS",
  "VECLIB_MAXIMUM_THREADS",
  "NUMEXPR_NUM_THREADS",
  "RAYON_NUM_THREADS",
  "CUDA_VISIBLE_DEVICES",
  "LANG",
  "TZ",
  "SLURM_JOB_ID",
  "SLURM_ARRAY_JOB_ID",
  "SLURM_ARRAY_TASK_ID",
  "SLURM_RESTART_COUNT",
  "SLURM_CLUSTER_NAME",
  "SLURM_JOB_PARTITION",
  "SLURM_CPUS_PER_TASK",
  "SLURMD_NODENAME",
  "_CONDOR_SLOT",
  "NSFARM_CONDOR_CLUSTER",
  "NSFARM_CONDOR_PROC",
  "JOB_ID",
  "SGE_TASK_ID",
] as const;

/** Threads of numerical libraries that a fit may load: one each, so that nextstat's --threads is the whole use. */
export const ONE_BLAS_THREAD: Record<string, string> = Object.fromEntries(
  ["OMP", "OPENBLAS", "MKL"].map((name) => [`${name}_NUM_THREADS`, "1"]).concat([
    ["VECLIB_MAXIMUM_THREADS", "1"],
    ["NUMEXPR_NUM_THREADS", "1"],
  ]),
);

export function recordedEnvironment(environment: Record<string, string>): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name of RECORDED_VARIABLES) {
    const value = Object.hasOwn(environment, name) ? environment[name] : undefined;
    if (value !== undefined) kept[name] = value.slice(0, 200);
  }
  return kept;
}
