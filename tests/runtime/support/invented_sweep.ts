import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Sweep, SWEEP_RECORD_SCHEMA, SWEEP_SCHEMA } from "../../../core/schema/sweep.ts";
import { loadSweep, openPoint, type OpenSweep } from "../../../runtime/sweep/load.ts";
import { inventedRun } from "../../fixtures/run.ts";
import { writeRun } from "../../fixtures/run_dir.ts";

/** Writes a sweep of runs that are fitted, of 2, 4 … shards each, and its document. */
export async function inventedSweep(folder: string, points = 2): Promise<OpenSweep> {
  const runs = Array.from({ length: points }, (_, i) => ({ shards: 2 * (i + 1), run_id: `s_sh${2 * (i + 1)}` }));
  for (const { shards, run_id } of runs) await writeRun(inventedRun(join(folder, run_id), { shards }));
  const sweep: Sweep = {
    schema_version: SWEEP_SCHEMA,
    created_at_utc: "2026-11-24T18:00:00.000Z",
    sweep_id: "s",
    scheduler: "local",
    config: join(folder, "s_sh2", "spec.json"),
    n_toys: 20,
    seed: 42,
    threads: 1,
    nextstat_bin: join(folder, "nextstat"),
    out_root: folder,
    runs: runs.map((run) => ({ ...run, run_dir: join(folder, run.run_id), farm: openPoint(1) })),
    farm: {
      ...{ schema_version: SWEEP_RECORD_SCHEMA, nsfarm_version: "0.1.0", repeats: 1, order_seed: 1 },
      ...{ mode: "shared", options: {} },
    },
  };
  const path = join(folder, "s.sweep.json");
  await writeFile(path, JSON.stringify(sweep));
  return loadSweep(path);
}
