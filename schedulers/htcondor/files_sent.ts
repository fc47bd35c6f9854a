import type { RenderContext } from "../adapter.ts";
import { FarmError } from "../../core/errors.ts";
import { MANIFEST } from "../../core/run_paths.ts";
import { isSentImage } from "../container.ts";
import { INPUTS } from "../../core/stage_plan.ts";
import { readSite } from "../site_options.ts";
import { listedPath } from "./submit_value.ts";

/** Whether the jobs of the transfer file run nsfarm-deno itself; 86 MB for each job, so only where it was asked for. */
export const sendsBinary = ({ manifest }: RenderContext): boolean =>
  manifest.farm.mode === "transfer" && manifest.farm.wrapper === "binary";

/** Large inputs, and those that a spec names by absolute paths, are not copied into a run that did not ask for it. */
function notStaged(run_id: string): FarmError {
  return new FarmError(
    "usage",
    `Cannot send the inputs of the run ${run_id} to HTCondor's nodes: they are large, or named by absolute paths, so ` +
      "they were not copied into a run for a shared file system",
    "Render it with --mode transfer",
  );
}

/**
 * What a job in transfer mode is sent, beside its executable.
 * @throws {FarmError} usage, for a path that HTCondor's lists cannot hold
 */
export function filesSent(context: RenderContext): string[] {
  const { manifest, nsfarm, options } = context;
  if (manifest.farm.staged_config === undefined) throw notStaged(manifest.run_id);
  const { container } = readSite(options);
  return [
    INPUTS,
    listedPath("nextstat", manifest.nextstat_bin),
    ...(sendsBinary(context) ? [MANIFEST, listedPath("nsfarm-deno", nsfarm)] : []),
    ...(isSentImage(container) ? [listedPath("the container image", container)] : []),
  ];
}
