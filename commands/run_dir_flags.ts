import type * as z from "zod";
import { plainPath } from "../core/parse_flag.ts";
import type { Run } from "../host/load_manifest.ts";
import { loadFarmRun } from "../host/load_manifest.ts";
import type { FarmManifest } from "../core/contracts/manifest.ts";

/** Opens the run that the first argument names. */
export function runOf(args: readonly string[]): Run<FarmManifest> {
  return loadFarmRun(plainPath("RUN_DIR")(args[0] ?? ""));
}

/** Reads commander's options by a schema; a mismatch is a bug of ours, for commander has checked them. */
export function readFlags<T extends z.ZodType>(schema: T, options: Record<string, unknown>): z.infer<T> {
  return schema.parse(options);
}
