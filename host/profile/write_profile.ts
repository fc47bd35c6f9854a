import { resolve } from "node:path";
import type { Profile } from "../../core/contracts/profile.ts";
import { FarmError } from "../../core/errors.ts";
import { profileText } from "../../core/profile_text.ts";
import type { SchedulerAdapter, SchedulerLimits } from "../../schedulers/adapter.ts";
import { findNextstat } from "../machine/find_nextstat.ts";
import { pluginOf } from "../plugin/running_plugins.ts";
import { exists, writeWhole } from "../disk/write_file.ts";

/**
 * Writes a profile for the scheduler that was probed; never over a file.
 * @param found what the probe said, line by line
 * @returns its path
 */
export function writeProfile(
  path: string,
  adapter: SchedulerAdapter,
  limits: SchedulerLimits,
  found: string[],
): string {
  const file = resolve(path);
  if (exists(file)) throw new FarmError("usage", `Cannot write the profile "${file}": it is there already`);
  writeWhole(file, profileText(profileOf(adapter, limits), found), 0o644);
  return file;
}

function profileOf(adapter: SchedulerAdapter, limits: SchedulerLimits): Profile {
  const plugin = pluginOf(adapter);
  const nextstat_bin = nextstatHere();
  return {
    scheduler: adapter.name,
    options: optionsOf(adapter, limits),
    ...(nextstat_bin === undefined ? {} : { nextstat_bin }),
    setup: [],
    ...(plugin ? { plugin: { file: plugin.source.entry, sha256: plugin.source.sha256 } } : {}),
  };
}

/** An option that chooses one of several places is set to the largest that is up; the others to their defaults. */
function optionsOf(adapter: SchedulerAdapter, { places = [] }: SchedulerLimits): NonNullable<Profile["options"]> {
  const largest = places.filter(({ state }) => state === "up").sort((a, b) => (b.cpus ?? 0) - (a.cpus ?? 0))[0];
  const chooses = adapter.options.find(({ name }) => /-(partition|queue)$/.test(name));
  const defaults = adapter.options.flatMap(({ name, default: value }) => value === undefined ? [] : [[name, value]]);
  return {
    ...Object.fromEntries(defaults),
    ...(chooses && largest && places.length > 1 ? { [chooses.name]: largest.name } : {}),
  };
}

function nextstatHere(): string | undefined {
  try {
    return findNextstat(undefined);
  } catch {
    return undefined;
  }
}
