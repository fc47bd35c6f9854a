import { dirname, join, resolve } from "node:path";
import { errorText, FarmError, orElse } from "../../core/errors.ts";
import { firstIssue } from "../../core/first_issue.ts";
import { nearestName } from "../../core/flags.ts";
import { isObject } from "../../core/quick_check.ts";
import { Profile, PROFILE_KEYS, PROFILE_PLUGIN_KEYS } from "../../core/schema/profile.ts";
import { exists } from "../fs/write.ts";
import { readTrusted, type Trusted } from "../plugin/trust.ts";
import { ownBinary } from "../system/process.ts";

const ENDINGS = ["jsonc", "json", "yaml", "yml"];

export interface FoundProfile {
  path: string;
  way: "--profile" | "NSFARM_PROFILE" | "beside nsfarm-deno" | "your configuration";
}

/**
 * Returns the one profile in use: that of --profile, else of NSFARM_PROFILE, else `nsfarm-deno.jsonc` (.json, .yaml,
 * .yml) beside the binary, else `nsfarm-deno/profile.jsonc` in the user's configuration directory. The word `none`
 * stands for no profile.
 * @throws {FarmError} input, when a named one does not exist
 */
export function findProfile(named: string | undefined): FoundProfile | null {
  const environment = Deno.env.get("NSFARM_PROFILE");
  if (named !== undefined) return existing(named, "--profile");
  if (environment) return existing(environment, "NSFARM_PROFILE");
  const beside = Deno.build.standalone ? firstOf(join(dirname(ownBinary()), "nsfarm-deno")) : undefined;
  if (beside !== undefined) return { path: beside, way: "beside nsfarm-deno" };
  const folder = configuration();
  const own = folder === undefined ? undefined : firstOf(join(folder, "nsfarm-deno", "profile"));
  return own === undefined ? null : { path: own, way: "your configuration" };
}

function existing(path: string, way: FoundProfile["way"]): FoundProfile | null {
  if (path === "none") return null;
  if (exists(path)) return { path: resolve(path), way };
  throw new FarmError("input", `Cannot use the profile "${path}" of ${way}: it is not there`);
}

const firstOf = (stem: string): string | undefined => ENDINGS.map((ending) => `${stem}.${ending}`).find(isSeen);

/** Whether a path is there and readable; a home that is not (a job without its AFS token) holds no profile. */
const isSeen = (path: string): boolean => orElse(false, () => exists(path));

/** Returns the user's configuration directory. Source: XDG Base Directory Specification, XDG_CONFIG_HOME. */
function configuration(): string | undefined {
  const [own, home] = [Deno.env.get("XDG_CONFIG_HOME"), Deno.env.get("HOME")];
  if (own?.startsWith("/")) return own;
  return home?.startsWith("/") ? join(home, ".config") : undefined;
}

/**
 * Reads a profile: YAML by its name, else JSON with comments. Returned paths are absolute. A profile's lines are run in
 * jobs, so it must be as trusted as a plugin.
 * @throws {FarmError} input
 */
export async function readProfile(path: string, trusted: Trusted): Promise<Profile> {
  const { file, bytes } = readTrusted(path, trusted, "profile");
  return withPaths(dirname(file), await profileOfText(file, new TextDecoder().decode(bytes)));
}

/**
 * Returns the profile in a text: YAML by its file's name, else JSON with comments. Its paths are as written.
 * @throws {FarmError} input
 */
export async function profileOfText(file: string, text: string): Promise<Profile> {
  const value = await parse(file, text);
  checkKeys(file, value, PROFILE_KEYS);
  if (isObject(value) && isObject(value["plugin"])) checkKeys(file, value["plugin"], PROFILE_PLUGIN_KEYS);
  const parsed = Profile.safeParse(value);
  if (!parsed.success) throw fault(file, firstIssue(parsed.error));
  return parsed.data;
}

const fault = (file: string, why: string, next?: string) =>
  new FarmError("input", `Cannot use the profile "${file}": ${why}`, next);

async function parse(file: string, text: string): Promise<unknown> {
  try {
    if (/\.ya?ml$/.test(file)) return (await import("../run/parse_yaml.ts")).parseYaml(text) ?? {};
  } catch (error) {
    throw fault(file, `it is no YAML: ${errorText(error)}`);
  }
  const { parse: parseJsonc, printParseErrorCode } = await import("jsonc-parser");
  const errors: { error: number; offset: number; length: number }[] = [];
  const value: unknown = parseJsonc(text, errors, { allowTrailingComma: true });
  const [first] = errors;
  if (!first) return value;
  const line = text.slice(0, first.offset).split("\n").length;
  throw fault(file, `it is no JSON: ${printParseErrorCode(first.error)} in line ${line}`);
}

function checkKeys(file: string, value: unknown, known: readonly string[]): void {
  if (!isObject(value)) throw fault(file, "wanted an object with keys");
  const strange = Object.keys(value).find((key) => !known.includes(key));
  if (strange === undefined) return;
  const near = nearestName(strange, known);
  throw fault(
    file,
    `it has an unknown key "${strange}": known are ${known.join(", ")}`,
    near && `Did you mean "${near}"?`,
  );
}

function withPaths(folder: string, profile: Profile): Profile {
  const { nextstat_bin, hosts, plugin } = profile;
  return {
    ...profile,
    ...(nextstat_bin === undefined ? {} : { nextstat_bin: resolve(folder, nextstat_bin) }),
    ...(hosts === undefined ? {} : { hosts: resolve(folder, hosts) }),
    ...(plugin === undefined ? {} : { plugin: { ...plugin, file: resolve(folder, plugin.file) } }),
  };
}
