import { manifestFault, unusedRaises } from "../../core/check_manifest.ts";
import { FarmError } from "../../core/errors.ts";
import { raisedLimit } from "../../core/job_limits.ts";
import { changeOptions } from "../../core/request.ts";
import type { FarmManifest, Manifest, OptionValue } from "../../core/schema/manifest.ts";
import type { Backend, SchedulerOption } from "../../schedulers/adapter.ts";
import { changeDocument } from "../fs/exclusive.ts";
import { loadFarmRun, loadRun, type Run } from "./load_manifest.ts";
import { readOption } from "./read_option.ts";

/**
 * Changes the manifest of a run under its lock; an existing manifest is written in no other way. Slow work (a
 * scheduler's answer, hashes, reading all shards) is done before; `change` applies its result to the present manifest,
 * which others may have changed meanwhile.
 * @param change returns the same object where nothing changes
 * @returns the run with its present manifest
 * @throws {FarmError} input, when it cannot be read or written
 */
export const changeManifest = (run: RunFiles, change: (now: Manifest) => Manifest): Run =>
  changed(run, loadRun, change);

/** Changes the manifest of a run that this program rendered, as changeManifest does. */
export const changeFarmManifest = (run: RunFiles, change: (now: FarmManifest) => FarmManifest): Run<FarmManifest> =>
  changed(run, loadFarmRun, change);

type RunFiles = Pick<Run, "dir" | "manifest_path">;

function changed<M extends Manifest>(
  { dir, manifest_path }: RunFiles,
  load: (path: string) => Run<M>,
  change: (now: M) => M,
): Run<M> {
  const manifest = changeDocument(manifest_path, () => load(manifest_path).manifest, (now) => checked(change(now)));
  return { dir, manifest_path, manifest };
}

/** Checks a manifest before it is written: one that contradicts itself could not be read again. */
function checked<M extends Manifest>(manifest: M): M {
  const fault = manifestFault(manifest);
  if (fault === null) return manifest;
  throw new Error(`A change would make a manifest that contradicts itself: ${fault}`);
}

/**
 * Returns the manifest with the mode of --mode for jobs from now on, whatever mode the run was rendered with.
 * @throws {FarmError} usage, where the scheduler transfers no files
 */
export function changeMode(
  manifest: FarmManifest,
  adapter: Backend,
  mode: string | undefined,
  doing: string,
  at_utc: string,
): FarmManifest {
  if (mode === undefined || mode === (manifest.farm.options["mode"] ?? manifest.farm.mode)) return manifest;
  if (adapter.limits.file_transfer) return changeOptions(manifest, { mode }, doing, at_utc);
  throw new FarmError("usage", `Cannot use --mode ${mode} with ${adapter.name}: its jobs need a shared file system`);
}

/** Limits that `retry` may raise; true: without a value (raisedLimit). */
export interface Raised {
  memory?: string | true;
  time?: string | true;
}

/**
 * Returns the manifest with more memory or time for its jobs, and the change in its history. A limit that was raised
 * without a value before, and that no job has used yet, is not raised again.
 * @throws {FarmError} usage, where the scheduler has no such option, the run never set it, or the value is invalid
 */
export function raiseLimits(
  manifest: FarmManifest,
  adapter: Backend,
  raised: Raised,
  at_utc: string,
): FarmManifest {
  const changes: Record<string, OptionValue> = {};
  const unused = unusedRaises(manifest);
  const without_value: string[] = [];
  for (const role of ["memory", "time"] as const) {
    const given = raised[role];
    if (given === undefined) continue;
    const option = optionOf(adapter, role);
    const { name } = option;
    const before = manifest.farm.options[name];
    if (given !== true) changes[name] = readOption(option, given);
    else if (!unused.has(name)) {
      changes[name] = raisedLimit(role, name, before);
      without_value.push(name);
    }
  }
  return changeOptions(manifest, changes, "retried", at_utc, without_value);
}

/** Returns a sentence for each limit that is not raised again, because no job with its present value was submitted. */
export function keptLimits(manifest: FarmManifest, adapter: Backend, raised: Raised): string[] {
  const unused = unusedRaises(manifest);
  return adapter.options.flatMap(({ role, name }) =>
    (role === "memory" || role === "time") && raised[role] === true && unused.has(name)
      ? [
        `--${name} is not raised again: jobs with its present value ${
          manifest.farm.options[name]
        } were not submitted yet`,
      ]
      : []
  );
}

function optionOf(adapter: Backend, role: "memory" | "time"): SchedulerOption {
  const option = adapter.options.find((one) => one.role === role);
  if (option) return option;
  throw new FarmError("usage", `Cannot use --more-${role}: ${adapter.name} has no limit of ${role} to raise`);
}
