import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { livePlans } from "../../../core/check_manifest.ts";
import { fitCommand } from "../../../core/fit_command.ts";
import type { FarmManifest, Plan } from "../../../core/schema/manifest.ts";
import { inventedMetrics } from "../../fixtures/metrics.ts";
import { inventedRun } from "../../fixtures/run.ts";
import { inputs, nextstat } from "../../support/farm.ts";

export interface FittedRun {
  toys: number;
  shards: number;
  seed?: number;
  /** The spec; that of 10,000 events where nothing is said. */
  config?: string;
  farm?: Partial<FarmManifest["farm"]>;
  /** Cut these shards in two before they are fitted. */
  cut?: number[];
  /** Raise the run by so many toys, in one more entry. */
  extend?: number;
}

/** A run directory whose shards the real nextstat has fitted, with records as a worker writes them. */
export async function fittedRun(dir: string, run: FittedRun): Promise<FarmManifest> {
  await mkdir(dir, { recursive: true });
  const manifest = await manifestOf(dir, run);
  for (const plan of livePlans(manifest)) await fit(dir, manifest, plan);
  await writeFile(join(dir, "manifest.json"), JSON.stringify(manifest, null, 2));
  return manifest;
}

async function manifestOf(dir: string, run: FittedRun): Promise<FarmManifest> {
  const config = run.config ?? join(inputs(), "gauss_exp_10k.json");
  const manifest = inventedRun(dir, {
    config,
    inputs: [await inputOf(config)],
    seed: run.seed ?? 42,
    n_toys: run.toys,
    shards: run.shards,
    pulls: run.farm?.pulls ?? false,
    faults: false,
  });
  Object.assign(manifest.farm, run.farm, { nextstat_sha256: (await inputOf(nextstat())).sha256 });
  manifest.nextstat_bin = nextstat();
  for (const shard of run.cut ?? []) cutPlan(manifest, shard);
  if (run.extend) extend(manifest, run.extend);
  return manifest;
}

async function inputOf(path: string) {
  const bytes = await readFile(path);
  return { path: basename(path), bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
}

/** As `retry --split` cuts an entry: it stays, and two pieces at the end stand for it. */
export function cutPlan(manifest: FarmManifest, shard: number): void {
  const { plans } = manifest;
  const whole = plans[shard];
  assert(whole && whole.n_toys > 1);
  const first = Math.ceil(whole.n_toys / 2);
  const [i, j] = [plans.length, plans.length + 1];
  plans.push({ ...whole, shard_index: i, n_toys: first });
  plans.push({
    ...whole,
    shard_index: j,
    n_toys: whole.n_toys - first,
    toy_start: whole.toy_start + first,
    seed: whole.seed + first,
  });
  whole.farm = { replaced_by: [i, j] };
}

function extend(manifest: FarmManifest, n_toys: number): void {
  const [first] = manifest.plans;
  assert(first);
  const toy_start = manifest.n_toys;
  const seed = manifest.seed + toy_start;
  manifest.plans.push({ ...first, shard_index: manifest.plans.length, n_toys, toy_start, seed });
  manifest.n_toys += n_toys;
}

async function fit(dir: string, manifest: FarmManifest, plan: Plan): Promise<void> {
  const base = join(dir, `shard_${plan.shard_index}`);
  const out = `${base}.out.json`;
  const paths = { nextstat: nextstat(), config: manifest.config, out, metrics: `${base}.nextstat.json` };
  const [program = "", ...args] = fitCommand(manifest, plan, paths, 1);
  const env = { OMP_NUM_THREADS: "1", OPENBLAS_NUM_THREADS: "1" };
  await new Deno.Command(program, { args, env, cwd: dirname(manifest.config), stderr: "null" }).output();
  await Deno.remove(paths.metrics);
  await writeFile(`${base}.metrics.json`, inventedMetrics(manifest, plan, await readFile(out, "utf8")));
}
