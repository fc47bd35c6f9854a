import { randomBytes } from "node:crypto";
import type { FarmManifest } from "../../core/schema/manifest.ts";
import { changeFarmManifest } from "../run/change_manifest.ts";
import { type Origin, originOf, type Run } from "../run/load_manifest.ts";
import { dropSteering } from "../run/steering.ts";
import { changeSubmitMeta } from "../run/submissions.ts";
import { withdrawWorkers } from "../run/workers.ts";
import { adapterOfRun } from "../scheduler/adapters.ts";
import { queryLimits } from "../scheduler/drive.ts";
import { renewFiles } from "../scheduler/renew_files.ts";
import { attemptPath, listAttempts, readAttempts, updateAttempt } from "../shard/attempts.ts";
import { whileSubmitting } from "./start.ts";

/**
 * Makes a copied or moved directory a run of its own, before any of its shards are run. Its job files are written for
 * this directory. In a copy, the jobs, attempts and worker loops on record are marked as the original's, which
 * continues undisturbed.
 * @throws {FarmError} input, when the directory cannot be written
 */
export async function acceptCopy(
  run: Run<FarmManifest>,
  load = adapterOfRun,
): Promise<{ run: Run<FarmManifest>; origin: Origin }> {
  if (originOf(run).kind === "own") return { run, origin: { kind: "own" } };
  return await whileSubmitting(run, async (now) => {
    const origin = originOf(now);
    if (origin.kind === "own") return { run: now, origin };
    if (origin.kind === "copied") disownJobs(now.dir, origin.from);
    const adapter = await load(now);
    renewFiles({ ...now, manifest: { ...now.manifest, run_dir: now.dir } }, adapter, await queryLimits(adapter));
    // Last: if this process dies before, the next command repeats the steps above.
    return { run: changeFarmManifest(now, (manifest) => atHome({ ...now, manifest }, origin)), origin };
  });
}

function atHome({ dir, manifest }: Run<FarmManifest>, origin: Exclude<Origin, { kind: "own" }>): FarmManifest {
  const { farm } = manifest;
  const entry = { at_utc: new Date().toISOString(), change: `${origin.kind} from ${origin.from}` };
  const copy = origin.kind === "copied" ? { copy_token: randomBytes(4).toString("hex") } : {};
  return { ...manifest, run_dir: dir, farm: { ...farm, ...copy, history: [...farm.history, entry] } };
}

/** Marks the jobs and processes on record as those of the original. */
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
  dropSteering(dir);
}
