import { dirname, join, resolve } from "node:path";
import { FarmError } from "../../core/errors.ts";
import { ownBinary } from "../machine/own_program.ts";
import { exists } from "../disk/write_file.ts";

const ENDINGS = ["jsonc", "json", "yaml", "yml"];

/** How a profile was found. */
export interface FoundProfile {
  path: string;
  way: "--profile" | "NSFARM_PROFILE" | "beside nsfarm-deno" | "your configuration";
}

/**
 * The profile that counts, alone: that of --profile, else of NSFARM_PROFILE, else `nsfarm-deno.jsonc` (.json, .yaml,
 * .yml) beside the binary, else `nsfarm-deno/profile.jsonc` in the user's configuration directory. The word `none`
 * stands for no profile.
 * @throws {FarmError} input, when one that was named is not there
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

/** A home that may not be looked into (of a job without its token of AFS) has no profile for us. */
function isSeen(path: string): boolean {
  try {
    return exists(path);
  } catch {
    return false;
  }
}

/** Source: XDG Base Directory Specification, XDG_CONFIG_HOME. */
function configuration(): string | undefined {
  const [own, home] = [Deno.env.get("XDG_CONFIG_HOME"), Deno.env.get("HOME")];
  if (own?.startsWith("/")) return own;
  return home?.startsWith("/") ? join(home, ".config") : undefined;
}
