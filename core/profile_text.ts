import type { Profile } from "./contracts/profile.ts";

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
