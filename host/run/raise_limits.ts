import type { FarmManifest, OptionValue } from "../../core/contracts/manifest.ts";
import { changeOptions } from "../../core/change_options.ts";
import { unusedDoublings } from "../../core/open_changes.ts";
import { FarmError } from "../../core/errors.ts";
import { twiceMemory, twiceTime } from "../../core/raise_option.ts";
import type { Backend, SchedulerOption } from "../../schedulers/adapter.ts";
import { readOption } from "./read_option.ts";

/** What `retry` may raise; true: to twice of what it was. */
export interface Raised {
  memory?: string | true;
  time?: string | true;
}

/**
 * The manifest with more memory or time for its jobs, the change in its history. What was doubled before and no job has
 * had yet is not doubled again.
 * @throws {FarmError} usage, where the scheduler has no such option, the run never set it, or the value is none
 */
export function raiseLimits(
  manifest: FarmManifest,
  adapter: Backend,
  raised: Raised,
  at_utc: string,
): FarmManifest {
  const changes: Record<string, OptionValue> = {};
  const unused = unusedDoublings(manifest);
  const doubled: string[] = [];
  for (const role of ["memory", "time"] as const) {
    const asked = raised[role];
    if (asked === undefined) continue;
    const option = optionOf(adapter, role);
    const { name } = option;
    const before = manifest.farm.options[name];
    if (asked !== true) changes[name] = readOption(option, asked);
    else if (!unused.has(name)) {
      changes[name] = twice(role, name, before);
      doubled.push(name);
    }
  }
  return changeOptions(manifest, changes, "retried", at_utc, doubled);
}

/** In words, which limits are not doubled because not all jobs that were to have them were submitted. */
export function keptLimits(manifest: FarmManifest, adapter: Backend, raised: Raised): string[] {
  const unused = unusedDoublings(manifest);
  return adapter.options.flatMap(({ role, name }) =>
    (role === "memory" || role === "time") && raised[role] === true && unused.has(name)
      ? [
        `--${name} is ${
          manifest.farm.options[name]
        } already, and jobs that are to have that were not submitted: it is not doubled again`,
      ]
      : []
  );
}

function optionOf(adapter: Backend, role: "memory" | "time"): SchedulerOption {
  const option = adapter.options.find((one) => one.role === role);
  if (option) return option;
  throw new FarmError("usage", `Cannot use --more-${role}: ${adapter.name} has no limit of ${role} to raise`);
}

function twice(role: "memory" | "time", name: string, before: OptionValue | undefined): OptionValue {
  if (before !== undefined) return role === "memory" ? twiceMemory(before) : twiceTime(before);
  throw new FarmError(
    "usage",
    `Cannot double --${name}: the run was rendered without it`,
    `Give the new value: --more-${role} VALUE`,
  );
}
