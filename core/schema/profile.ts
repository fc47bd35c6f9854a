import * as z from "zod/mini";
import { Sha256 } from "./enums.ts";
import { OptionValue } from "./manifest.ts";

/** A site profile: what a site or a user would otherwise type with every run. */
export const Profile = z.strictObject({
  /** What --scheduler is where it is not given. */
  scheduler: z.optional(z.string()),
  /** The scheduler's own options by their flags' names: `slurm-partition`. Only for that scheduler. */
  options: z.optional(z.record(z.string(), OptionValue)),
  /** Relative to the profile. */
  nextstat_bin: z.optional(z.string()),
  /** A hosts file, relative to the profile. */
  hosts: z.optional(z.string()),
  /** Shell lines to run in each job before nextstat. */
  setup: z.optional(z.array(z.string())),
  /** An adapter that is not built in, relative to the profile; with a sha256 no other file is taken for it. */
  plugin: z.optional(z.strictObject({ file: z.string(), sha256: z.optional(Sha256) })),
});
export type Profile = z.infer<typeof Profile>;

export const PROFILE_KEYS: readonly string[] = Object.keys(Profile.shape);
export const PROFILE_PLUGIN_KEYS: readonly string[] = ["file", "sha256"];
