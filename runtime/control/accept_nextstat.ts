import { nextstatsOf } from "../../core/check_manifest.ts";
import { FarmError } from "../../core/errors.ts";
import type { FarmManifest } from "../../core/schema/manifest.ts";
import type { Backend } from "../../schedulers/adapter.ts";
import { changeFarmManifest } from "../run/change_manifest.ts";
import type { Run } from "../run/load_manifest.ts";
import { otherVersion } from "../run/rendered_files.ts";
import { queryLimits } from "../scheduler/drive.ts";
import { renewFiles } from "../scheduler/renew_files.ts";
import { probeNextstat } from "../system/nextstat.ts";

/**
 * Adds the present nextstat to those that may fit shards of the run; each shard's record names the one that fitted it.
 * Job files name its sha256, so they are written anew.
 * @returns the same run where the nextstat was accepted before
 * @throws {FarmError} input, when its version is not that of the run
 */
export async function acceptNextstat(run: Run<FarmManifest>, adapter: Backend): Promise<Run<FarmManifest>> {
  const { path, version, sha256, bytes, mtime_ms, ctime_ms } = await probeNextstat(run.manifest.nextstat_bin);
  const wanted = run.manifest.farm.nextstat_version;
  if (version !== wanted) {
    const { what, next } = otherVersion(path, version, wanted);
    throw new FarmError("input", `Cannot accept the changed nextstat: ${what}`, next);
  }
  const at_utc = new Date().toISOString();
  const times = { ...(mtime_ms === null ? {} : { mtime_ms }), ...(ctime_ms === null ? {} : { ctime_ms }) };
  const accepted = { sha256, bytes, ...times, at_utc };
  const accept = (now: FarmManifest): FarmManifest => {
    const { accepted_nextstats = [], history } = now.farm;
    if (nextstatsOf(now).some((one) => one.sha256 === sha256)) return now;
    const entry = { at_utc, change: `accepted a changed nextstat, sha256 ${sha256}` };
    const farm = { ...now.farm, accepted_nextstats: [...accepted_nextstats, accepted], history: [...history, entry] };
    return { ...now, farm };
  };
  if (accept(run.manifest) === run.manifest) return run;
  const changed = changeFarmManifest(run, accept);
  renewFiles(changed, adapter, await queryLimits(adapter));
  return changed;
}
