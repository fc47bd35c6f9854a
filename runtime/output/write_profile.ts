import { resolve } from "node:path";
import { suggestedFlags, type Suggestion } from "../../core/describe_limits.ts";
import { FarmError, orElse } from "../../core/errors.ts";
import { profileText } from "../../core/profile.ts";
import type { Profile } from "../../core/schema/profile.ts";
import cern from "../../profiles/cern-htcondor.jsonc" with { type: "text" };
import qosAccount from "../../profiles/slurm-qos-account.jsonc" with { type: "text" };
import wholeNodes from "../../profiles/slurm-whole-nodes.jsonc" with { type: "text" };
import type { Backend, SchedulerLimits } from "../../schedulers/adapter.ts";
import { exists, writeWhole } from "../fs/write.ts";
import { pluginOf } from "../plugin/adapt.ts";
import { findNextstat } from "../system/nextstat.ts";
import { profileOfText } from "./profile.ts";

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

/** Returns a shipped profile with what the probe found besides, without options of another scheduler. */
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

/** Returns defaults from the probe: the largest partition that is up with its longest time, and the shard count. */
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

const nextstatHere = (): string | undefined => orElse(undefined, () => findNextstat(undefined));

/** A profile of the folder profiles/, kept in the program too. */
interface ShippedProfile {
  /** Path in the sources, for messages. */
  file: string;
  text: string;
  /** Whether the limits that a scheduler reports are those of such a site. */
  fits(scheduler: string, limits: SchedulerLimits): boolean;
}

/** Profiles that a probe can recognize; the first that fits counts. */
const SHIPPED: readonly ShippedProfile[] = [
  {
    file: "profiles/cern-htcondor.jsonc",
    text: cern,
    fits: (scheduler, { places = [] }) =>
      scheduler === "htcondor" && places.some(({ name }) => name.endsWith(".cern.ch")),
  },
  {
    file: "profiles/slurm-whole-nodes.jsonc",
    text: wholeNodes,
    fits: (scheduler, { places = [] }) => {
      const open = places.filter(({ state }) => state === "up");
      return scheduler === "slurm" && open.length > 0 && open.every(({ whole_nodes }) => whole_nodes === true);
    },
  },
  {
    file: "profiles/slurm-qos-account.jsonc",
    text: qosAccount,
    fits: (scheduler, { enforced = [] }) => scheduler === "slurm" && enforced.includes("qos"),
  },
];

/** Returns the profile for the site of a probe; undefined: none is known. */
export const shippedFor = (scheduler: string, limits: SchedulerLimits): ShippedProfile | undefined =>
  SHIPPED.find((one) => one.fits(scheduler, limits));

/** Returns the comment at the beginning of a profile, without its slashes. */
export function headOf({ text }: Pick<ShippedProfile, "text">): string[] {
  const lines = text.split("\n");
  const end = lines.findIndex((line) => !line.startsWith("//"));
  return lines.slice(0, end).map((line) => line.replace(/^\/\/ ?/, ""));
}
