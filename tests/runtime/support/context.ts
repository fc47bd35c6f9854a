import { MANIFEST } from "../../../core/run_paths.ts";
import type { FarmManifest } from "../../../core/schema/manifest.ts";
import type { Run } from "../../../runtime/run/load_manifest.ts";
import { type JobContext, startFit } from "../../../runtime/shard/context.ts";
import type { Machine } from "../../../runtime/system/machine.ts";
import { UsageMeter } from "../../../runtime/system/usage.ts";

/** A machine called n1 that was started under the boot id "this-boot". */
export const MACHINE: Machine = {
  host: "n1",
  process: { host: "n1", boot_id: "this-boot", pid: 1, start_ticks: "1" },
  cpu_model: null,
  cpus_logical: 2,
  cpus_physical: 2,
  memory_bytes: null,
  kernel: null,
  cpus_allowed: 2,
  oom_file: null,
  oom_kills: null,
};

export const runOf = (dir: string, manifest: FarmManifest): Run<FarmManifest> => ({
  dir,
  manifest_path: `${dir}/${MANIFEST}`,
  manifest,
});

/** Returns a job context whose meter measures nothing: for tests that fit nothing. */
export function contextOf(dir: string, manifest: FarmManifest, machine: Machine = MACHINE): JobContext {
  return {
    run: runOf(dir, manifest),
    machine,
    meter: Object.create(UsageMeter.prototype),
    ids: { scheduler: "local", job_id: null, task_id: null, submission_token: null },
    startFit,
    files: { inspect: () => Promise.resolve({ nextstat_sha256: null, fault: null }), require: () => Promise.resolve() },
    oom_kills: Promise.resolve(null),
  };
}
