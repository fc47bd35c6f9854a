import { resolve } from "node:path";
import { suggestedFlags, type Suggestion } from "../../core/describe_limits.ts";
import { FarmError } from "../../core/errors.ts";
import { profileText } from "../../core/profile.ts";
import type { Profile } from "../../core/schema/profile.ts";
import type { Backend, SchedulerLimits } from "../../schedulers/adapter.ts";
import { exists, writeWhole } from "../fs/write.ts";
import { pluginOf } from "../plugin/adapt.ts";
import { findNextstat } from "../system/nextstat.ts";
import { profileOfText } from "./profile.ts";
import { headOf, shippedFor } from "./shipped_profiles.ts";

/** The result of probing a scheduler or this machine. */
export interface Probed {
  limits: SchedulerLimits;
  /** Suggested defaults; null: `run` chooses by itself. */
  suggestion: Suggestion | null;
  /** The result in words. */
  found: string;
}

/**
 * Writes a profile for the probed scheduler, from the shipped one of such a site where one is known; never replaces a
 * file.
 * @returns its path
 */
export async function writeProfile(path: string, adapter: Backend, probed: Probed): Promise<string> {
  const file = resolve(path);
  if (exists(file)) throw new FarmError("usage", `Cannot write the profile "${file}": it already exists`);
  const shipped = shippedFor(adapter.name, probed.limits);
  const profile = shipped
    ? beginWith(await profileOfText(shipped.file, shipped.text), profileOf(adapter, probed))
    : profileOf(adapter, probed);
  const head = shipped ? [`It begins from ${shipped.file}:`, ...headOf(shipped), ""] : [];
  writeWhole(file, profileText(profile, [...head, ...probed.found.split("\n")]), 0o644);
  return file;
}

/**
 * Returns a shipped profile with what the probe found besides; options of another scheduler than its own are left out.
 */
const beginWith = (shipped: Profile, found: Profile): Profile => ({
  ...found,
  ...shipped,
  options: { ...(shipped.scheduler === found.scheduler ? found.options : {}), ...shipped.options },
});

function profileOf(adapter: Backend, probed: Probed): Profile {
  const plugin = pluginOf(adapter);
  const nextstat_bin = nextstatHere();
  return {
    scheduler: adapter.name,
    options: optionsOf(adapter, probed),
    ...(nextstat_bin === undefined ? {} : { nextstat_bin }),
    setup: [],
    ...(plugin ? { plugin: { file: plugin.source.entry, sha256: plugin.source.sha256 } } : {}),
  };
}

/**
 * Returns defaults from the probe: the largest available partition with its longest time, and the matching shard count.
 */
function optionsOf(adapter: Backend, { limits, suggestion }: Probed): NonNullable<Profile["options"]> {
  const { places = [] } = limits;
  const largest = places.filter(({ state }) => state === "up").sort((a, b) => (b.cpus ?? 0) - (a.cpus ?? 0))[0];
  const chooses = adapter.options.find(({ name }) => /-(partition|queue)$/.test(name));
  const throttle = adapter.options.find(({ role }) => role === "throttle")?.name;
  const time = adapter.options.find(({ role }) => role === "time");
  const defaults = adapter.options.flatMap(({ name, default: value }) => value === undefined ? [] : [[name, value]]);
  return {
    ...Object.fromEntries(defaults),
    ...(chooses && largest ? { [chooses.name]: largest.name } : {}),
    ...(time && largest?.time_limit ? { [time.name]: largest.time_limit } : {}),
    ...(suggestion ? suggestedFlags(suggestion, throttle) : {}),
  };
}

function nextstatHere(): string | undefined {
  try {
    return findNextstat(undefined);
  } catch {
    return undefined;
  }
}
