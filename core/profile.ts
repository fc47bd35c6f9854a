import { FarmError } from "./errors.ts";
import { nearestName } from "./flags.ts";
import type { OptionValue } from "./schema/manifest.ts";
import type { Profile } from "./schema/profile.ts";
import { DEFAULT_BACKEND } from "./worker_backends.ts";

/** A flag of a profile, with as many values as it was given. */
export interface ProfileFlag {
  /** Name without dashes. */
  name: string;
  values: string[];
  /** Whether the flag takes no value, like --verbose. */
  is_switch: boolean;
}

/** Flags for which a profile may have values. */
interface KnownFlags {
  /** Name of the scheduler. */
  name: string;
  /** Names of its own options. */
  options: readonly string[];
  /** Names of the options of every scheduler's runs. */
  shared: readonly string[];
}

/**
 * Returns the flags of a profile for a scheduler with these options. Options of a profile apply only to its own
 * scheduler; with another one they are ignored.
 * @param file the profile, for errors
 * @throws {FarmError} input, for an option that neither its scheduler nor every run has
 */
export function profileFlags(file: string, profile: Profile, scheduler: KnownFlags): ProfileFlag[] {
  const own = (profile.scheduler ?? DEFAULT_BACKEND) === scheduler.name;
  const options = own ? Object.entries(profile.options ?? {}) : [];
  for (const [name] of options) checkName(file, name, scheduler);
  const setup = scheduler.options.includes("setup") ? profile.setup ?? [] : [];
  return [
    ...(profile.nextstat_bin === undefined ? [] : [flag("nextstat-bin", profile.nextstat_bin)]),
    ...(profile.hosts === undefined ? [] : [flag("hosts-file", profile.hosts)]),
    ...(setup.length === 0 ? [] : [flag("setup", setup)]),
    ...options.flatMap(([name, value]) => value === false ? [] : [flag(name, value)]),
  ];
}

const flag = (name: string, value: OptionValue): ProfileFlag => ({
  name,
  values: Array.isArray(value) ? value : [String(value)],
  is_switch: value === true,
});

function checkName(file: string, name: string, { name: scheduler, options, shared }: KnownFlags): void {
  const known = [...options, ...shared];
  if (known.includes(name)) return;
  const near = nearestName(name, known);
  throw new FarmError(
    "input",
    `Cannot use the profile "${file}": a run of ${scheduler} has no option "${name}" that a profile can give`,
    near ? `Did you mean "${near}"?` : `nsfarm-deno render --scheduler ${scheduler} --help shows them`,
  );
}

export function wordsOf(flags: readonly ProfileFlag[]): string[] {
  return flags.flatMap(({ name, values, is_switch }) =>
    is_switch ? [`--${name}`] : values.map((value) => `--${name}=${value}`)
  );
}

/** Returns a profile as a file for editing: JSON with comments about the probe's results. */
export function profileText(profile: Profile, found: readonly string[]): string {
  const body = JSON.stringify(profile, null, 2).split("\n");
  return [
    "// A profile of nsfarm-deno: defaults for --profile FILE, NSFARM_PROFILE, nsfarm-deno.jsonc beside the binary, or",
    "// nsfarm-deno/profile.jsonc in your configuration directory. The first of these counts; what is typed goes first.",
    "//",
    "// What the probe found:",
    ...found.map((line) => `//   ${line.trimEnd()}`),
    "//",
    "// Keys: scheduler, options (by their flags' names, also threads, shards and others that all runs have), nextstat_bin,",
    "// hosts, setup (lines to run in each job), plugin (file, sha256). nsfarm-deno render --scheduler NAME --help shows",
    "// the options.",
    ...body,
    "",
  ].join("\n");
}
