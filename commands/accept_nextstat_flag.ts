import type { FlagTable, FlagValues } from "../core/flags.ts";
import type { FarmManifest } from "../core/schema/manifest.ts";
import { acceptNextstat } from "../runtime/control/accept_nextstat.ts";
import type { Run } from "../runtime/run/load_manifest.ts";
import type { Backend } from "../schedulers/adapter.ts";
import type { Output } from "./flags.ts";

/** The flag --accept-changed-nextstat, of each command that runs shards. */
export const ACCEPT_NEXTSTAT = {
  "accept-changed-nextstat": {
    group: "Guardrails",
    type: "boolean",
    help: "accept a nextstat that changed since render (same version)",
  },
} as const satisfies FlagTable;

/** Returns the run, with the present nextstat among its own where the flag asks for that. @throws {FarmError} input */
export async function takeNextstat(
  run: Run<FarmManifest>,
  adapter: Backend,
  { acceptChangedNextstat }: FlagValues<typeof ACCEPT_NEXTSTAT>,
  out: Output,
): Promise<Run<FarmManifest>> {
  if (!acceptChangedNextstat) return run;
  const taken = await acceptNextstat(run, adapter);
  const sha256 = taken.manifest.farm.accepted_nextstats?.at(-1)?.sha256;
  if (taken !== run) out.note(`the run now uses nextstat "${run.manifest.nextstat_bin}" with sha256 ${sha256}`);
  return taken;
}
