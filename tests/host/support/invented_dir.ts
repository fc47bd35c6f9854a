import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { livePlans } from "../../../core/check_manifest.ts";
import type { FarmManifest, Plan } from "../../../core/contracts/manifest.ts";
import { inventedOutput } from "../../../scripts/tools/invented_output.ts";
import { inventedMetrics } from "../../../scripts/tools/invented_record.ts";
import { inventedManifest, type InventedRun } from "../../../scripts/tools/invented_run.ts";

const INPUTS = [{
  path: "spec.json",
  bytes: 2,
  sha256: "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
}];

/** The manifest of a run of made-up toys in a directory. */
export function inventedRun(run_dir: string, change: Partial<InventedRun> = {}): FarmManifest {
  const config = join(run_dir, "spec.json");
  return inventedManifest({
    run_dir,
    config,
    inputs: INPUTS,
    seed: 42,
    n_toys: 20,
    shards: 4,
    pulls: true,
    faults: true,
    ...change,
  });
}

/** Writes a run directory: its manifest, its spec, and both files of each live shard. */
export async function writeRun(manifest: FarmManifest): Promise<void> {
  const dir = manifest.run_dir;
  await mkdir(dir, { recursive: true });
  await writeFile(join(dir, "spec.json"), "{}");
  for (const plan of livePlans(manifest)) await writeShard(manifest, plan);
  await writeFile(join(dir, "manifest.json"), JSON.stringify(manifest, null, 2));
}

/** Writes a shard's two files; `output` in place of its own. */
export async function writeShard(manifest: FarmManifest, plan: Plan, output = inventedOutput(manifest, plan)) {
  const base = join(manifest.run_dir, `shard_${plan.shard_index}`);
  await writeFile(`${base}.out.json`, output);
  await writeFile(`${base}.metrics.json`, inventedMetrics(manifest, plan, output));
}
