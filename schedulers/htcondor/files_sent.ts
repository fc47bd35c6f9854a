import type { RenderContext } from "../adapter.ts";
import { MANIFEST } from "../../core/run_paths.ts";
import { isSentImage } from "../container.ts";
import { INPUTS } from "../job_wrapper.ts";
import { readSite } from "../site_options.ts";
import { listedPath } from "./submit_value.ts";

/** Whether the jobs of the transfer file run nsfarm-deno itself; 86 MB for each job, so only where it was asked for. */
export const sendsBinary = ({ manifest }: RenderContext): boolean =>
  manifest.farm.mode === "transfer" && manifest.farm.wrapper === "binary";

/**
 * What a job in transfer mode is sent, beside its executable.
 * @throws {FarmError} usage, for a path that HTCondor's lists cannot hold
 */
export function filesSent(context: RenderContext): string[] {
  const { manifest, nsfarm, options } = context;
  const { container } = readSite(options);
  return [
    INPUTS,
    listedPath("nextstat", manifest.nextstat_bin),
    ...(sendsBinary(context) ? [MANIFEST, listedPath("nsfarm-deno", nsfarm)] : []),
    ...(isSentImage(container) ? [listedPath("the container image", container)] : []),
  ];
}
