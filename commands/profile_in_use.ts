import { Command, type Option } from "commander";
import { FarmError } from "../core/errors.ts";
import { textTable } from "../core/format.ts";
import { type ProfileFlag, profileFlags } from "../core/profile.ts";
import type { Profile } from "../core/schema/profile.ts";
import { findProfile, type FoundProfile } from "../runtime/output/profile.ts";
import { searchPlugins, trustedUsers } from "../runtime/plugin/trust.ts";
import { loadAdapter } from "../runtime/scheduler/adapters.ts";
import { type Output, typedValues } from "./flags.ts";
import { requestFlags } from "./request_flags.ts";
import { schedulerIn } from "./scheduler_flags.ts";

interface ProfileInUse extends FoundProfile {
  profile: Profile;
}

/** Reads the profile and searches for plugins, while the program has every permission. @throws {FarmError} input */
export async function openProfile(argv: readonly string[]): Promise<ProfileInUse | null> {
  const found = findProfile(typedValues(argv, "--profile").at(-1));
  const profile = found && await read(found.path);
  const named = typedValues(argv, "--plugin").map((path) => ({ path, way: "--plugin" as const }));
  const pinned = profile?.plugin;
  const own = pinned && { path: pinned.file, way: "profile" as const, ...sumOf(pinned) };
  searchPlugins([...named, ...(own ? [own] : [])]);
  return found && profile && { ...found, profile };
}

async function read(path: string): Promise<Profile> {
  const { readProfile } = await import("../runtime/output/profile.ts");
  return await readProfile(path, trustedUsers());
}

const sumOf = ({ sha256 }: { sha256?: string | undefined }) => sha256 === undefined ? {} : { sha256 };

/** Returns the command line with the profile's scheduler in front where it names none itself. */
export function withScheduler(argv: readonly string[], used: ProfileInUse | null): string[] {
  const own = used?.profile.scheduler;
  return own === undefined || isGiven(argv, "scheduler") ? [...argv] : [`--scheduler=${own}`, ...argv];
}

const isGiven = (argv: readonly string[], name: string) =>
  argv.some((word) => word === `--${name}` || word.startsWith(`--${name}=`));

const hasFlag = (command: Command, name: string) => command.options.some((option) => option.long === `--${name}`);

/** Returns the profile's flags that the command has and the command line does not give. @throws {FarmError} input */
export async function flagsOfProfile(
  command: Command,
  argv: readonly string[],
  used: ProfileInUse | null,
): Promise<ProfileFlag[]> {
  if (!used || !hasFlag(command, "scheduler")) return [];
  const adapter = await loadAdapter(schedulerIn(withScheduler(argv, used)));
  const known = { name: adapter.name, options: adapter.options.map((option) => option.name), shared: sharedFlags() };
  const scheduler = used.profile.scheduler;
  const all = [
    ...(scheduler === undefined ? [] : [{ name: "scheduler", values: [scheduler], is_switch: false }]),
    ...profileFlags(used.path, used.profile, known),
  ];
  const isReplaced = (name: string) => (INSTEAD[name] ?? []).some((other) => isGiven(argv, other));
  const added = all.filter(({ name }) => hasFlag(command, name) && !isGiven(argv, name) && !isReplaced(name));
  for (const one of added) checkSwitch(used.path, command, one);
  return added;
}

/** Refuses a value of a switch, and true for a flag with a value: it would take the next word of the command line. */
function checkSwitch(file: string, command: Command, { name, is_switch }: ProfileFlag): void {
  const { required = false, optional = false } = command.options.find(({ long }) => long === `--${name}`) ?? {};
  if (is_switch ? !required : required || optional) return;
  const wanted = is_switch ? "a value, not true" : "true or false";
  throw new FarmError("input", `Cannot use the profile "${file}": option "${name}" wants ${wanted}`);
}

/** Flags of a command line that take the place of a profile's flag. */
const INSTEAD: Record<string, readonly string[]> = {
  shards: ["shard-minutes"],
  "shard-minutes": ["shards", "pilots", "static"],
  "out-dir": ["local-out-dir"],
};

/** Flags that differ from study to study and so have no default of a site. */
const OF_ONE_RUN = ["config", "n-toys", "run-id"];

/** Returns the flags, without their dashes, that runs of every scheduler have and a profile may set. */
function sharedFlags(): string[] {
  const command = new Command();
  requestFlags.define(command);
  const names = command.options.map(({ long }) => (long ?? "").replace(/^--/, ""));
  return names.filter((name) => !OF_ONE_RUN.includes(name));
}

/** Returns an error with the profile's name where the profile, not the user, gave the value. */
export function ofProfile(error: unknown, used: ProfileInUse | null, added: readonly ProfileFlag[]): unknown {
  if (!used || !(error instanceof FarmError) || error.kind !== "usage") return error;
  const isIts = added.some(({ name }) => error.message.startsWith(`Cannot use --${name} `));
  return isIts ? new FarmError("input", error.message, `The profile "${used.path}" says so`) : error;
}

/** Adds --explain, which runs nothing and so requires no argument. */
export function defineExplain(command: Command, argv: readonly string[]): void {
  if (!hasFlag(command, "scheduler")) return;
  command.option("--explain", "show each option's value and where it comes from, then stop");
  if (isGiven(argv, "explain")) { for (const option of command.options) option.makeOptionMandatory(false); }
}

/**
 * Prints each option with its value and its source: command line, profile or default. For an option without a value,
 * prints the default that its help states.
 */
export function explain(
  command: Command,
  argv: readonly string[],
  used: ProfileInUse | null,
  added: readonly ProfileFlag[],
  out: Output,
): void {
  const rows = command.options.filter((option) => !["--explain", "--json"].includes(option.long ?? ""))
    .map((option) => explained(option, command, argv, added));
  const from = used ? `profile ${used.path} (${used.way})` : "no profile";
  const values = rows.map(({ option, value, source }) => ({ option, value, source }));
  out.document({ profile: used && { path: used.path, way: used.way }, values });
  out.print([from, ...textTable(rows.map(({ option, words }) => [option, words]), { indent: "  " })].join("\n"));
}

function explained(one: Option, command: Command, argv: readonly string[], added: readonly ProfileFlag[]) {
  const option = (one.long ?? "").replace(/^--/, "");
  const held: unknown = command.opts()[one.attributeName()];
  const value = one.negate ? held === false : held ?? null;
  const source = isGiven(argv, option)
    ? "command line"
    : added.some(({ name }) => name === option)
    ? "profile"
    : "default";
  const otherwise = /\(((?:default|local:)[^)]*)\)/.exec(one.description)?.[1];
  const words = value === null ? `-  (${otherwise ?? "not given"})` : `${valueWords(value)}  (${source})`;
  return { option, value, source, words };
}

const valueWords = (value: unknown): string => Array.isArray(value) ? value.join("; ") : String(value);
