import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { FarmManifest } from "../../../core/schema/manifest.ts";
import { inventedOutput } from "../../fixtures/output.ts";
import { inventedRun } from "../../fixtures/run.ts";
import type { Json } from "../../support/toys.ts";

export const NOW = "2026-11-24T19:01:13.121938+00:00";
export const RUN_ID = "demo_sh4";

/** A run directory as the Python scripts leave it: no records, but side files. */
export async function oldRun(parent: string): Promise<{ dir: string; farm: FarmManifest }> {
  const dir = join(parent, RUN_ID);
  await mkdir(dir, { recursive: true });
  const farm = inventedRun(dir, { pulls: false, faults: false });
  for (const plan of farm.plans) {
    const base = join(dir, `shard_${plan.shard_index}`);
    await writeFile(`${base}.out.json`, inventedOutput(farm, plan));
    await writeFile(`${base}.metrics.json`, METRICS);
    await writeFile(`${base}.rc`, "0\n");
    await writeFile(`${base}.host`, `w${plan.shard_index}\n`);
    await writeFile(`${base}.elapsed_s`, `${plan.shard_index + 1}\n`);
    await writeFile(`${base}.stdout`, "");
    await writeFile(`${base}.stderr`, "");
  }
  await writeManifest(dir, oldManifest(farm));
  return { dir, farm };
}

const METRICS = JSON.stringify({
  schema_version: "nextstat_metrics_v0",
  status: { ok: true },
  timing: { wall_time_s: 0.05 },
  tool_version: "0.10.1",
});

export function oldManifest({ farm: _, ...rest }: FarmManifest) {
  return { ...rest, run_id: RUN_ID, scheduler: "htcondor", kept: { by: "those who do not know it" } };
}

export const writeManifest = (dir: string, manifest: unknown) =>
  writeFile(join(dir, "manifest.json"), JSON.stringify(manifest, null, 2));

/** The row of results[] that the Python scripts write for a shard, all its fields. */
export function pythonRow(dir: string, i: number): Json {
  return {
    schema_version: "nextstat.cpu_farm_shard_result.v1",
    shard_index: i,
    host: `w${i}`,
    target: `w${i}`,
    status: "ok",
    n_toys: 5,
    toy_start: 5 * i,
    seed: 42 + 5 * i,
    threads: 1,
    weight: 1,
    rc: 0,
    elapsed_s: i + 1,
    local_dir: dir,
    local_output: join(dir, `shard_${i}.out.json`),
    local_metrics: join(dir, `shard_${i}.metrics.json`),
    local_stdout: join(dir, `shard_${i}.stdout`),
    local_stderr: join(dir, `shard_${i}.stderr`),
    remote_dir: null,
    error: null,
  };
}
