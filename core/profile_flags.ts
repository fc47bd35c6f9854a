import type { Profile } from "./contracts/profile.ts";
import type { OptionValue } from "./contracts/manifest.ts";
import { FarmError } from "./errors.ts";
import { nearestName } from "./nearest_name.ts";

/** What a profile gives to a flag: as many values as the flag was given. */
export interface ProfileFlag {
  /** Without its dashes. */
  name: string;
  values: string[];
  /** Whether it stands for itself, as --verbose does. */
  is_switch: boolean;
}

/**
 * The flags that a profile stands for, with a scheduler of these options. Options of a profile are those of its own
 * scheduler: with another one they say nothing.
 * @param file the profile, for errors
 * @throws {FarmError} input, for an option that its scheduler does not have
 */
export function profileFlags(
  file: string,
  profile: Profile,
  scheduler: { name: string; options: readonly string[] },
): ProfileFlag[] {
  const own = (profile.scheduler ?? "local") === scheduler.name;
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

function checkName(file: string, name: string, scheduler: { name: string; options: readonly string[] }): void {
  if (scheduler.options.includes(name)) return;
  const near = nearestName(name, scheduler.options);
  throw new FarmError(
    "input",
    `Cannot use the profile "${file}": ${scheduler.name} has no option "${name}"`,
    near ? `Did you mean "${near}"?` : `nsfarm-deno render --scheduler ${scheduler.name} --help shows them`,
  );
}

/** The words of a command line, those of flags that it gives itself left out. */
export function wordsOf(flags: readonly ProfileFlag[]): string[] {
  return flags.flatMap(({ name, values, is_switch }) =>
    is_switch ? [`--${name}`] : values.map((value) => `--${name}=${value}`)
  );
}
