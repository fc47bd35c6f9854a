import { dirname } from "node:path";
import * as z from "../../core/schema/zod.ts";
import type { ToyTime } from "../../core/cut_by_time.ts";
import { FarmError, orElse } from "../../core/errors.ts";
import { tailLines } from "../../core/failure.ts";
import { atBounds } from "../../core/trial_fit.ts";
import { countWarnings, poiName } from "../../core/fit_quality.ts";
import type { ShardOutput } from "../../core/output.ts";
import { ONE_BLAS_THREAD } from "../../core/record.ts";
import type { FarmManifest, TrialFit, WorkloadSettings } from "../../core/schema/manifest.ts";
import { fitSeconds } from "../../core/shard_facts.ts";
import type { SpecModel } from "../../core/spec.ts";
import { inputPath } from "../../core/staging.ts";
import { workloadOf } from "../../core/workload/registry.ts";
import { type AnyOutput, withToys, type Workload } from "../../core/workload/workload.ts";
import type { CommandResult } from "../../schedulers/adapter.ts";
import { parseJson } from "../fs/read.ts";
import { removeTree } from "../fs/write.ts";
import { makeScratch } from "../run/temporary.ts";
import { resultOf } from "../shard/fit.ts";
import { runProgram } from "../system/process.ts";

/** Results of the fits before a run. */
interface CheckedFit {
  /** The generation point, by parameter name. */
  point: Record<string, number>;
  /** By nextstat's own time for the toy; null: it reports none. */
  time: ToyTime | null;
  /** CPU time of the process that fitted it, else its wall time. */
  process_s: number;
  /** null where only the generation point was requested. */
  trial: TrialFit | null;
  /** Settings of the workload with the result of its reference; null: it has none. */
  settings: WorkloadSettings | null;
}

/**
 * Fits one toy as the run would, so that nextstat itself accepts or refuses spec, parameters and arguments. Fits the
 * observed data at the same time, since each toy's fit starts from their result.
 * @param root folder with the run's own copies of files
 * @param requested neither: nothing is fitted; without `check` the observed data are not read
 * @throws {FarmError} input, with nextstat's first error line
 */
export async function checkFit(
  requested: { check: boolean; freeze_gen: boolean },
  manifest: FarmManifest,
  spec_model: SpecModel | null,
  root: string,
): Promise<CheckedFit | null> {
  if (!requested.check && !requested.freeze_gen) return null;
  const model = requested.check ? spec_model : null;
  const scratch = makeScratch(dirname(manifest.run_dir));
  const { reference, has_generation } = workloadOf(manifest);
  try {
    if (!has_generation) return await checkShard(manifest, scratch, root, reference);
    const observing = model && fitObserved(manifest, model, scratch);
    const [fitted_toy] = await Promise.allSettled([fitToy(manifest, scratch, root), observing]);
    // Both have ended, so no fit of a refused spec continues.
    if (fitted_toy.status === "rejected") throw fitted_toy.reason;
    const { output, time, times, process_s } = fitted_toy.value;
    const [observed, channels] = [await observing, model ? await countEvents(manifest.config, model) : []];
    const { frame, poi_hat } = output;
    const point = Object.fromEntries(frame.parameter_names.map((name, i) => [name, frame.gen.params[i] ?? 0]));
    const [fitted = NaN] = poi_hat;
    const toy = {
      poi: poiName(frame),
      poi_true: frame.results.poi_true,
      poi_hat: Number.isNaN(fitted) ? null : fitted,
      ...times,
      ...time,
    };
    return { point, time, process_s, trial: observed && { ...observed, channels, toy }, settings: null };
  } finally {
    removeTree(scratch);
  }
}

/** Runs a shard of one toy and, beside it, the test without toys that is shown beside the result. */
async function checkShard(
  manifest: FarmManifest,
  scratch: string,
  root: string,
  reference: Workload["reference"],
): Promise<CheckedFit> {
  const [one, other] = await Promise.allSettled([
    runToy(manifest, scratch, root),
    reference && readReference(manifest, { out: `${scratch}/reference.json`, root }, reference),
  ]);
  if (one.status === "rejected") throw one.reason;
  const { time, process_s } = one.value;
  return { point: {}, time, process_s, trial: null, settings: other.status === "fulfilled" ? other.value : null };
}

/** Returns null where nextstat has no such result; the toys do not need it. */
async function readReference(
  manifest: FarmManifest,
  { out, root }: { out: string; root: string },
  { command, read }: NonNullable<Workload["reference"]>,
): Promise<WorkloadSettings | null> {
  const { nextstat_bin: nextstat, config, farm: { workload } } = manifest;
  if (!workload) return null;
  const [{ exit_code }, { DISTRIBUTIONS }] = await Promise.all([
    runFit(manifest, command(manifest, { nextstat, config, out, root })),
    import("../system/distributions.ts"),
  ]);
  return exit_code === 0 ? read(parseJson(Deno.readFileSync(out)), workload, DISTRIBUTIONS) : null;
}

/** A fitted toy, and its times where nextstat reports them. */
interface FittedToy<Output> {
  output: Output;
  time: ToyTime | null;
  /** CPU time of the whole process, else its wall time. */
  process_s: number;
  times: Pick<TrialFit["toy"], "fit_cpu_s" | "startup_cpu_s">;
}

async function fitToy(manifest: FarmManifest, scratch: string, root: string): Promise<FittedToy<ShardOutput>> {
  const toy = await runToy(manifest, scratch, root);
  return { ...toy, output: withToys(toy.output) };
}

async function runToy(manifest: FarmManifest, scratch: string, root: string): Promise<FittedToy<AnyOutput>> {
  const [out, metrics] = [`${scratch}/out.json`, `${scratch}/metrics.json`];
  const paths = { nextstat: manifest.nextstat_bin, config: manifest.config, out, metrics, root };
  const one = { ...manifest, shards: 0 };
  const plan = { ...manifest.plans[0]!, n_toys: 1 };
  const begun_ms = performance.now();
  const times = `${scratch}/times`;
  const { exit_code, stderr, stdout } = await runFit(manifest, workloadOf(one).command(one, plan, paths, 1), times);
  const wall_s = (performance.now() - begun_ms) / 1000;
  const fit = resultOf(exit_code === 0 ? "ok" : "exit", exit_code, paths, one, plan);
  if ("cause" in fit) throw refusal(manifest.config, fit.fault ?? (stderr || stdout), exit_code);
  const fit_s = fitSeconds(fit.metrics.timing);
  const cpu_s = readCpuSeconds(times);
  const toy_s = Math.min(wall_s, fit_s ?? wall_s);
  return {
    output: fit.output.output,
    time: fit_s === null ? null : { toy_s, startup_s: wall_s - toy_s },
    process_s: cpu_s === null ? wall_s : Math.max(cpu_s, TICK_S),
    times: timesOf(fit_s, cpu_s),
  };
}

/** Resolution of a shell's CPU times, in seconds: a clock tick (times(2)). */
const TICK_S = 0.01;

/**
 * Returns the CPU seconds of a toy and of the rest; none where one is unknown. One thread fits the toy and never waits,
 * so its time is CPU time, of which a busy machine gives it less.
 */
function timesOf(fit_s: number | null, cpu_s: number | null): FittedToy<AnyOutput>["times"] {
  if (fit_s === null || cpu_s === null) return {};
  const fit_cpu_s = Math.min(fit_s, Math.max(cpu_s, TICK_S));
  return { fit_cpu_s, startup_cpu_s: Math.max(0, cpu_s - fit_cpu_s) };
}

/** Reads the CPU time of a shell's programs from the second line of its `times` (POSIX.1-2017, times): `0m1.20s 0m0.04s`. */
const readCpuSeconds = (path: string): number | null =>
  orElse(null, () => {
    const found = [...(Deno.readTextFileSync(path).split("\n")[1] ?? "").matchAll(/(\d+)m([\d.]+)s/g)];
    return found.length === 2 ? found.reduce((sum, [, min, s]) => sum + 60 * Number(min) + Number(s), 0) : null;
  });

/** @param times file for the CPU times of the fit */
function runFit({ config }: FarmManifest, argv: string[], times = "/dev/null"): Promise<CommandResult> {
  const env = Object.entries(ONE_BLAS_THREAD).map(([name, value]) => `${name}=${value}`);
  // Through sh: env(1) would take a path with "=" for a variable.
  const words = ["env", ...env, "sh", "-c", '"$@"; code=$?; LC_ALL=C; times >"$0"; exit "$code"', times, ...argv];
  return runProgram({ argv: words, cwd: dirname(config), timeout_s: 600 });
}

const ObservedFit = z.looseObject({
  parameter_names: z.array(z.string()),
  bestfit: z.array(z.number()),
  final_grad_norm: z.optional(z.nullable(z.number())),
});

/** Fits the observed data. A toy's fit includes such a fit, so this one takes no longer. Its failure is ignored. */
async function fitObserved(
  manifest: FarmManifest,
  model: SpecModel,
  scratch: string,
): Promise<Pick<TrialFit, "at_bounds" | "warnings" | "final_grad_norm">> {
  const out = `${scratch}/observed.json`;
  const words = ["unbinned-fit", "--config", manifest.config, "--threads", "1", "-o", out];
  const { exit_code, stderr } = await runFit(manifest, [manifest.nextstat_bin, ...words]);
  const fit = exit_code === 0 ? readObserved(out) : undefined;
  const warnings = countWarnings(stderr.split("\n")).map(({ text }) => text);
  if (!fit) return { at_bounds: null, warnings: [] };
  const fitted = new Map(fit.parameter_names.map((name, i) => [name, fit.bestfit[i] ?? NaN]));
  const gradient = fit.final_grad_norm ?? null;
  return {
    at_bounds: atBounds(fitted, model.bounds),
    warnings,
    ...(gradient === null ? {} : { final_grad_norm: gradient }),
  };
}

const readObserved = (path: string): z.infer<typeof ObservedFit> | undefined =>
  orElse(undefined, () => ObservedFit.safeParse(parseJson(Deno.readFileSync(path))).data);

/** Returns the number of events of each channel whose file is Parquet. */
async function countEvents(config: string, { channels }: SpecModel): Promise<TrialFit["channels"]> {
  if (channels.length === 0) return [];
  const { parquetRows } = await import("./parquet_rows.ts");
  return channels.flatMap(({ name, file, least, most }) => {
    try {
      return [{ name, n_events: parquetRows(inputPath(config, file)), least, most }];
    } catch {
      return [];
    }
  });
}

function refusal(config: string, printed: string, code: number | null): FarmError {
  const lines = tailLines(printed).map((line) => line.trim()).filter((line) => line !== "Caused by:");
  const first = lines.slice(0, 2).join(": ").replace(/^error: /i, "");
  return new FarmError(
    "input",
    `nextstat refuses the spec "${config}": ${first || `exit ${code}`}`,
    "Correct the spec or the options; --no-check skips this trial fit of one toy",
  );
}
