import * as z from "./zod.ts";
import { Sha256 } from "./enums.ts";
import { OptionValue } from "./manifest.ts";

/** Profile of a site or user: defaults for options that every run would need. */
export const Profile = z.strictObject({
  /** Default of --scheduler. */
  scheduler: z.optional(z.string()),
  /** The scheduler's own options by flag name: `slurm-partition`. Ignored with another scheduler. */
  options: z.optional(z.record(z.string(), OptionValue)),
  /** Path relative to the profile. */
  nextstat_bin: z.optional(z.string()),
  /** Path of a hosts file, relative to the profile. */
  hosts: z.optional(z.string()),
  /** Shell lines that each job runs before nextstat. */
  setup: z.optional(z.array(z.string())),
  /** Adapter that is not built in, path relative to the profile; a sha256 excludes any other file. */
  plugin: z.optional(z.strictObject({ file: z.string(), sha256: z.optional(Sha256) })),
});
export type Profile = z.infer<typeof Profile>;

export const PROFILE_KEYS: readonly string[] = Object.keys(Profile.shape);
export const PROFILE_PLUGIN_KEYS: readonly string[] = ["file", "sha256"];
