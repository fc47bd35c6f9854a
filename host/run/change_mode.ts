import { changeOptions } from "../../core/change_options.ts";
import type { FarmManifest } from "../../core/contracts/manifest.ts";
import { FarmError } from "../../core/errors.ts";
import type { Backend } from "../../schedulers/adapter.ts";

/**
 * The manifest with --mode as asked now, whatever the run was rendered with: from here on its jobs get their files so.
 * @throws {FarmError} usage, where the scheduler sends no files
 */
export function changeMode(
  manifest: FarmManifest,
  adapter: Backend,
  mode: string | undefined,
  doing: string,
  at_utc: string,
): FarmManifest {
  if (mode === undefined || mode === (manifest.farm.options["mode"] ?? manifest.farm.mode)) return manifest;
  if (adapter.limits.file_transfer) return changeOptions(manifest, { mode }, doing, at_utc);
  throw new FarmError("usage", `Cannot use --mode ${mode} with ${adapter.name}: its jobs need a shared file system`);
}
