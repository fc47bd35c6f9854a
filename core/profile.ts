import { FarmError } from "./errors.ts";
import { nearestName } from "./flags.ts";
import type { OptionValue } from "./schema/manifest.ts";
import type { Profile } from "./schema/profile.ts";
import { DEFAULT_BACKEND } from "./worker_backends.ts";

/** What a profile gives to a flag: as many values as the flag was given. */
export interface ProfileFlag {
  /** Without its dashes. */
  name: string;
  values: string[];
  /** Whether it stands for itself, as --verbose does. */
  is_switch: boolean;
}

/** What a profile may give a value to. */
interface KnownFlags {
  /** The scheduler. */
  name: string;
  /** Its own. */
  options: readonly string[];
  /** Those that every scheduler's runs have. */
  shared: readonly string[];
}

/**
 * The flags that a profile stands for, with a scheduler of these options. Options of a profile hold with its own
 * scheduler: with another one they say nothing.
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

/** The words of a command line, those of flags that it gives itself left out. */
export function wordsOf(flags: readonly ProfileFlag[]): string[] {
  return flags.flatMap(({ name, values, is_switch }) =>
    is_switch ? [`--${name}`] : values.map((value) => `--${name}=${value}`)
  );
}

/** A profile as a file to be edited: JSON with comments that say what was found. */
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
