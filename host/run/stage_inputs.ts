import { basename, dirname, join } from "node:path";
import { planStage, type StagePlan } from "../../core/stage_plan.ts";
import { inputPath } from "./inputs.ts";
import { exists, makeFolder } from "../disk/write_file.ts";

/** The folder of the run directory that is sent to nodes which share no disk. */
const INPUTS = "inputs";

/** Where the spec and its files go below inputs/. @throws {FarmError} input, for an absolute path in the spec */
export function stagePlanOf(config: string, paths: readonly string[]): StagePlan {
  const folders = dirname(config).split("/").filter((name) => name !== "").reverse();
  return planStage(basename(config), paths, folders);
}

/** Copies the spec and every file that it names into the run directory, but for those that are there. */
export function stageInputs(dir: string, config: string, plan: StagePlan): void {
  for (const { from, to } of plan.files) {
    const target = join(dir, INPUTS, to);
    if (exists(target)) continue;
    makeFolder(dirname(target));
    Deno.copyFileSync(inputPath(config, from), target);
  }
}

export const stagedConfig = (plan: StagePlan): string => `${INPUTS}/${plan.config}`;
