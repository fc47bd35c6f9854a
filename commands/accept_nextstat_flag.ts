import type { FarmManifest } from "../core/contracts/manifest.ts";
import { acceptNextstat } from "../host/jobs/accept_nextstat.ts";
import type { Run } from "../host/run/load_manifest.ts";
import type { FlagTable, FlagValues } from "../core/flags.ts";
import type { Backend } from "../schedulers/adapter.ts";
import type { Output } from "./command.ts";

/** Of each command that has shards run. */
export const ACCEPT_NEXTSTAT = {
  "accept-changed-nextstat": {
    type: "boolean",
    help:
      "take the nextstat that is there now, though it is not the file that the run was rendered with (version as before)",
  },
} as const satisfies FlagTable;

/** The run, with the nextstat that is there now as one of its own where that is asked for. @throws {FarmError} input */
export async function takeNextstat(
  run: Run<FarmManifest>,
  adapter: Backend,
  { acceptChangedNextstat }: FlagValues<typeof ACCEPT_NEXTSTAT>,
  out: Output,
): Promise<Run<FarmManifest>> {
  if (!acceptChangedNextstat) return run;
  const taken = await acceptNextstat(run, adapter);
  const sha256 = taken.manifest.farm.accepted_nextstats?.at(-1)?.sha256;
  if (taken !== run) out.note(`from here on nextstat "${run.manifest.nextstat_bin}" is that of sha256 ${sha256}`);
  return taken;
}
