import { randomBytes } from "node:crypto";
import { nextstatsOf } from "../../core/check_manifest.ts";
import { FarmError } from "../../core/errors.ts";
import type { FarmManifest } from "../../core/schema/manifest.ts";
import type { Backend } from "../../schedulers/adapter.ts";
import { changeFarmManifest } from "../run/change_manifest.ts";
import { type Origin, originOf, type Run } from "../run/load_manifest.ts";
import { otherVersion } from "../run/rendered_files.ts";
import { changeSubmitMeta } from "../run/submissions.ts";
import { withdrawWorkers } from "../run/workers.ts";
import { loadAdapter, queryLimits } from "../scheduler/adapters.ts";
import { attemptPath, listAttempts, readAttempts, updateAttempt } from "../shard/attempts.ts";
import { probeNextstat } from "../system/nextstat.ts";
import { renewFiles, whileSubmitting } from "./start.ts";

/**
 * Takes the nextstat that is there now as one of the run's: shards may be fitted by it from here on, and each records
 * which one it was. Job files name its sha256, so they are written anew.
 * @returns the same run where it is one of its nextstats already
 * @throws {FarmError} input, when its version is another than the run's
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

/**
 * Makes a copied or moved directory a run of its own, before anything of it is run: its job files name this directory,
 * and of a copy the jobs, attempts and worker loops on record are marked as the original's, which goes on undisturbed.
 * @throws {FarmError} input, when the directory cannot be written
 */
export async function acceptCopy(
  run: Run<FarmManifest>,
  load = loadAdapter,
): Promise<{ run: Run<FarmManifest>; origin: Origin }> {
  if (originOf(run).kind === "own") return { run, origin: { kind: "own" } };
  return await whileSubmitting(run, async (now) => {
    const origin = originOf(now);
    if (origin.kind === "own") return { run: now, origin };
    if (origin.kind === "copied") disownJobs(now.dir, origin.from);
    const adapter = await load(now.manifest.scheduler);
    renewFiles({ ...now, manifest: { ...now.manifest, run_dir: now.dir } }, adapter, await queryLimits(adapter));
    // Last: until then the directory is known for what it is, and this is done again.
    return { run: changeFarmManifest(now, (manifest) => atHome({ ...now, manifest }, origin)), origin };
  });
}

function atHome({ dir, manifest }: Run<FarmManifest>, origin: Exclude<Origin, { kind: "own" }>): FarmManifest {
  const { farm } = manifest;
  const entry = { at_utc: new Date().toISOString(), change: `${origin.kind} from ${origin.from}` };
  const copy = origin.kind === "copied" ? { copy_token: randomBytes(4).toString("hex") } : {};
  return { ...manifest, run_dir: dir, farm: { ...farm, ...copy, history: [...farm.history, entry] } };
}

/** Marks what is on record of jobs and processes as that of the original. */
function disownJobs(dir: string, copied_from: string): void {
  changeSubmitMeta(dir, (before) =>
    before?.farm && {
      ...before,
      farm: { ...before.farm, submissions: before.farm.submissions.map((one) => ({ copied_from, ...one })) },
    });
  for (const [shard, numbers] of listAttempts(dir)) {
    for (const attempt of readAttempts(dir, shard, numbers).filter(({ end }) => end === null)) {
      const path = attemptPath(dir, shard, attempt.attempt);
      updateAttempt({ attempt, path, clock_offset_s: null }, { copied_from: attempt.copied_from ?? copied_from });
    }
  }
  withdrawWorkers(dir);
}
