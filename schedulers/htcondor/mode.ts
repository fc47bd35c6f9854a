import type { RenderContext } from "../adapter.ts";
import { textOption } from "../read_options.ts";

export type Mode = "shared" | "transfer";

/** How the jobs get at their files: an option of this command, else what the run was rendered with. */
export function modeOf({ manifest, options }: RenderContext): Mode {
  const asked = textOption(options, "mode");
  return (asked ?? manifest.farm.mode) === "transfer" ? "transfer" : "shared";
}

export const SUBMIT_FILES: Record<Mode, string> = {
  shared: "condor_job.sub",
  transfer: "condor_job_transfer.sub",
};
