import { basename, dirname, join } from "node:path";
import { inputPath, INPUTS, planStage, type StagePlan } from "../../core/staging.ts";
import { exists, makeFolder } from "../fs/write.ts";

/** Returns where the spec and its files go below inputs/. @throws {FarmError} input, for absolute paths in the spec */
export function stagePlanOf(config: string, paths: readonly string[]): StagePlan {
  const folders = dirname(config).split("/").filter((name) => name !== "").reverse();
  return planStage(basename(config), paths, folders);
}

/** Copies the spec and every file that it names into the run directory, except those already there. */
export function stageInputs(dir: string, config: string, plan: StagePlan): void {
  for (const { from, to } of plan.files) {
    const target = join(dir, INPUTS, to);
    if (exists(target)) continue;
    makeFolder(dirname(target));
    Deno.copyFileSync(inputPath(config, from), target);
  }
}
