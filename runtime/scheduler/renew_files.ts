import { join } from "node:path";
import { cutPlans } from "../../core/check_manifest.ts";
import type { FarmManifest } from "../../core/schema/manifest.ts";
import type { Backend, SchedulerLimits } from "../../schedulers/adapter.ts";
import { exists, makeFolder, writeWhole } from "../fs/write.ts";
import { stageInputs, stagePlanOf } from "../render/stage_inputs.ts";
import type { Run } from "../run/load_manifest.ts";
import { renderContext } from "./query.ts";

/** Writes the job files and missing inputs anew: shards may have been cut or limits raised since the last time. */
export function renewFiles(run: Run<FarmManifest>, adapter: Backend, limits: SchedulerLimits): void {
  const all = cutPlans(run.manifest).map((plan) => plan.shard_index);
  const { config, farm } = run.manifest;
  if (farm.staged_config !== undefined) {
    stageInputs(run.dir, config, stagePlanOf(config, farm.inputs.map((input) => input.path)));
  }
  const { files, folders } = adapter.render(renderContext(run, all, limits));
  for (const folder of folders ?? []) makeFolder(join(run.dir, folder));
  for (const file of files) {
    const path = join(run.dir, file.path);
    if (!exists(path) || Deno.readTextFileSync(path) !== file.text) {
      writeWhole(path, file.text, file.executable ? 0o750 : 0o640);
    }
  }
}
