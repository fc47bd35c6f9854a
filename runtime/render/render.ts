import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { cutPlans } from "../../core/check_manifest.ts";
import { checkMinutes, firstSplit, type ToyTime } from "../../core/cut_by_time.ts";
import { FarmError } from "../../core/errors.ts";
import { trialWarnings } from "../../core/trial_fit.ts";
import { newManifest, requestDir, type RunRequest, withSeed } from "../../core/request.ts";
import { MANIFEST } from "../../core/run_paths.ts";
import type { FarmManifest, WorkloadSettings } from "../../core/schema/manifest.ts";
import { INPUTS, type StagePlan } from "../../core/staging.ts";
import { workloadNamed } from "../../core/workload/registry.ts";
import { refuseSeeds } from "../../core/workload/seeds.ts";
import type { Backend, RenderContext, Rendered, SchedulerLimits } from "../../schedulers/adapter.ts";
import { exists, makeFolder, removeTree } from "../fs/write.ts";
import { checkPluginWrapper, pluginRecord } from "../plugin/plugin_of_run.ts";
import type { Run } from "../run/load_manifest.ts";
import { makeScratch, sweepStaged } from "../run/temporary.ts";
import { inspectMachine, loadAverage, type Machine, uptime_s } from "../system/machine.ts";
import { probeNextstat } from "../system/nextstat.ts";
import { ownBinary } from "../system/process.ts";
import { checkFit } from "./check_fit.ts";
import { findSpecFacts } from "./find_spec_facts.ts";
import { checkScales } from "../observed/scales.ts";
import { settleWorkspace } from "../observed/settle.ts";
import { findStarts } from "./find_starts.ts";
import { hashSpec, readSpec } from "../run/read_spec.ts";
import { nextSeed, whileTakingSeeds } from "./runs_beside.ts";
import { stagePlanOf } from "./stage_inputs.ts";
import { existsAlready, type Extras, writeRun } from "./write_run.ts";

/** A run that nothing was written of. */
interface PlannedRun {
  manifest: FarmManifest;
  /** What the trial toys have shown of the starts, for a person. */
  notes: string[];
}

/** A run of the same toys, whose starts another one can have; null: there is none. */
type SameToys = Run<FarmManifest> | null;

/** Calls `use` with a planned run, whose starts are in a folder until it returns. @throws {FarmError} */
export async function whilePlanned<T>(
  request: RunRequest,
  use: (planned: PlannedRun, scratch: string) => T | Promise<T>,
  same_toys: SameToys = null,
): Promise<T> {
  const scratch = makeScratch(request.out_dir);
  try {
    return await use(await planRun(request, scratch, same_toys), scratch);
  } finally {
    removeTree(scratch);
  }
}

/** @param scratch folder in which the run's starts are made */
async function planRun(request: RunRequest, scratch: string, same_toys: SameToys): Promise<PlannedRun> {
  const unchecked = skeleton(request);
  refuseSeeds(workloadNamed(request.workload), request);
  const { spec: parsed, paths, model } = await readSpec(request.config);
  refuseKind(request, parsed);
  const settled = await settleWorkspace(request, unchecked, parsed, scratch);
  unchecked.farm = { ...unchecked.farm, ...settled.farm };
  const [spec, nextstat, machine, checked, facts] = await firstFault(
    Promise.try(() => hashSpec(request.config, paths)),
    probeNextstat(request.nextstat_bin),
    inspectMachine(),
    checkFit({ ...request, freeze_gen: request.freeze_gen || request.starts !== null }, unchecked, model, scratch),
    findSpecFacts(request, unchecked, parsed),
  );
  const found = checked && await findStarts(request, unchecked, {
    ...{ spec: parsed, model, point: checked.point, scratch, same_toys },
    toy_s: checked.trial?.toy.fit_cpu_s ?? checked.time?.toy_s ?? null,
  });
  const scales = checked && await checkScales(request, settled.fitter, settled.workspace, checked.process_s);
  const k = found?.starts?.k ?? 1;
  const time = checked?.time && timesStarts(checked.time, k);
  const manifest = request.shard_minutes === null ? unchecked : skeleton(sharesByTime(request, time));
  manifest.farm = {
    ...manifest.farm,
    ...settled.farm,
    ...(scales?.scale_check ? { scale_check: scales.scale_check } : {}),
    ...(found?.starts ? { starts: found.starts } : {}),
    ...(found?.starts_check ? { starts_check: found.starts_check } : {}),
    ...(found?.hypotheses_check ? { hypotheses_check: found.hypotheses_check } : {}),
    ...nextstatMembers(nextstat),
    spec_sha256: spec.spec_sha256,
    inputs: spec.inputs,
    input_mtimes_ms: spec.mtimes_ms,
    frozen_gen: request.freeze_gen || found?.starts ? checked?.point ?? null : null,
    poi_bounds: model?.bounds.get(model.poi) ?? null,
    ...(checked?.trial ? { trial: { ...checked.trial, toy: timesStarts(checked.trial.toy, k) } } : {}),
    ...settingsOf(checked?.settings ?? unchecked.farm.workload, facts),
    environment: environmentOf(machine),
  };
  return { manifest, notes: [...settled.notes, ...scales?.notes ?? [], ...found?.notes ?? []] };
}

/** Returns the settings of a workload with what the spec says of its test. */
const settingsOf = (settings: WorkloadSettings | undefined, facts: Partial<WorkloadSettings>) =>
  settings ? { workload: { ...settings, ...facts } } : {};

/** Returns times of a toy that is fitted from k starts, each in a process of its own. */
function timesStarts<T extends { [Time in (typeof TOY_TIMES)[number]]?: number | undefined }>(toy: T, k: number): T {
  const times = TOY_TIMES.flatMap((name) => toy[name] === undefined ? [] : [[name, k * toy[name]]]);
  return { ...toy, ...Object.fromEntries(times) };
}

const TOY_TIMES = ["fit_cpu_s", "startup_cpu_s", "toy_s", "startup_s"] as const;

/** @throws {FarmError} input, for a spec that the workload does not take */
function refuseKind({ config, workload: name }: RunRequest, spec: unknown): void {
  const fault = workloadNamed(name).specFault(spec);
  if (fault) throw new FarmError("input", `Cannot use "${config}" with ${name}: ${fault.what}`, fault.next);
}

const nextstatMembers = (
  { version, sha256, bytes, mtime_ms, ctime_ms }: Awaited<ReturnType<typeof probeNextstat>>,
) => ({
  nextstat_version: version,
  nextstat_sha256: sha256,
  nextstat_bytes: bytes,
  ...(mtime_ms === null ? {} : { nextstat_mtime_ms: mtime_ms }),
  ...(ctime_ms === null ? {} : { nextstat_ctime_ms: ctime_ms }),
});

const environmentOf = ({ host, cpu_model, kernel }: Machine): FarmManifest["farm"]["environment"] => ({
  ...{ host, cpu_model, kernel, rustc_version: null },
  load_average: loadAverage(),
  uptime_s: uptime_s(),
});

/**
 * Returns the request with shards by time, or with probes and a rest that is cut when they have ended.
 * @throws {FarmError} usage
 */
function sharesByTime(request: RunRequest, time: ToyTime | null | undefined): RunRequest {
  const { n_toys, shard_minutes, probes = null } = request;
  if (shard_minutes === null) return request;
  if (!time) {
    throw new FarmError(
      "usage",
      `Cannot use --shard-minutes ${shard_minutes}: this nextstat reports no time of its own for such toys`,
      "Give the number of shards: --shards K",
    );
  }
  checkMinutes(shard_minutes, n_toys, time);
  const shares = firstSplit(n_toys, shard_minutes, time, probes)
    .map(({ start, count, farm }) => ({ start, count, at: { farm } }));
  return { ...request, shares, shards: shares.length };
}

const skeleton = (request: RunRequest): FarmManifest =>
  newManifest(request, {
    created_at_utc: new Date().toISOString(),
    run_token: randomBytes(8).toString("hex"),
    nsfarm_bin: ownBinary(),
  });

/** Awaits all promises. If several fail, the first in the list is thrown. */
async function firstFault<T extends readonly unknown[]>(...promises: { [K in keyof T]: Promise<T[K]> }): Promise<T> {
  await Promise.allSettled(promises);
  return await Promise.all(promises);
}

interface RenderedRun {
  run: Run<FarmManifest>;
  rendered: Rendered;
}

/**
 * Plans a run and writes its directory, whole or not at all.
 * @param same_toys a run of which it differs in its shards alone
 * @throws {FarmError} usage, when the run exists
 */
export async function renderRun(
  request: RunRequest,
  adapter: Backend,
  limits: SchedulerLimits,
  same_toys: SameToys = null,
): Promise<RenderedRun> {
  const dir = requestDir(request);
  if (exists(dir)) throw existsAlready(dir);
  return await whilePlanned(request, async ({ manifest, notes }, scratch) => {
    Object.assign(manifest.farm, pluginRecord(adapter), adapter.inJob ? { in_job: adapter.inJob } : {});
    const stage = stageOf(request, adapter, manifest);
    const sent = adapter.limits.sends_inputs ? sentPlan(manifest) : stage;
    if (sent) manifest.farm.staged_config = `${INPUTS}/${sent.config}`;
    const files = (one: FarmManifest) => adapter.render(contextOf(dir, one, request, limits));
    const rendered = files(manifest);
    checkPluginWrapper(adapter, request.wrapper, rendered.files);
    await sweepStaged(request.out_dir);
    const write = (one: FarmManifest, its: Rendered) => writeRendered(dir, one, its, { stage, scratch, notes });
    if (!request.fresh_seed) return write(manifest, rendered);
    return withFreshSeed(request, manifest, (one) => write(one, one.seed === manifest.seed ? rendered : files(one)));
  }, same_toys);
}

const contextOf = (
  run_dir: string,
  manifest: FarmManifest,
  { options }: RunRequest,
  limits: SchedulerLimits,
): RenderContext => ({
  ...{ manifest, run_dir, options, limits },
  nsfarm: manifest.farm.nsfarm_bin ?? ownBinary(),
  shards: cutPlans(manifest).map((plan) => plan.shard_index),
});

function writeRendered(
  dir: string,
  manifest: FarmManifest,
  rendered: Rendered,
  extras: Extras & { notes: readonly string[] },
): RenderedRun {
  writeRun(dir, manifest, rendered, extras);
  const warnings = [...rendered.warnings, ...trialWarnings(manifest.farm), ...extras.notes];
  return { run: { dir, manifest_path: join(dir, MANIFEST), manifest }, rendered: { ...rendered, warnings } };
}

/** Writes a run with seeds that no other has at that moment: another may have taken them since they were found free. */
function withFreshSeed(
  request: RunRequest,
  manifest: FarmManifest,
  write: (fresh: FarmManifest) => RenderedRun,
): RenderedRun {
  makeFolder(request.out_dir);
  return whileTakingSeeds(request.out_dir, () => {
    const seed = nextSeed(request.out_dir, { workload: request.workload, nToys: request.n_toys });
    refuseSeeds(workloadNamed(request.workload), { ...request, seed });
    return write(withSeed(manifest, seed));
  });
}

/** Size of inputs that are copied in every mode, for a transfer by hand; larger ones only with --mode transfer. */
const STAGE_ANYWAY_BYTES = 64 * 1024 * 1024;

function stageOf(request: RunRequest, adapter: Backend, manifest: FarmManifest): StagePlan | undefined {
  if (!adapter.limits.file_transfer) return undefined;
  const { inputs } = manifest.farm;
  const bytes = inputs.reduce((sum, input) => sum + input.bytes, 0);
  const unasked = bytes > STAGE_ANYWAY_BYTES || inputs.some(({ path }) => path.startsWith("/"));
  if (request.mode === "shared" && unasked) return undefined;
  return stagePlanOf(manifest.config, inputs.map((input) => input.path));
}

/** Returns where inputs go on hosts; undefined where an absolute path in the spec prevents sending them. */
export function sentPlan({ config, farm: { inputs } }: FarmManifest): StagePlan | undefined {
  if (inputs.some(({ path }) => path.startsWith("/"))) return undefined;
  return stagePlanOf(config, inputs.map(({ path }) => path));
}
