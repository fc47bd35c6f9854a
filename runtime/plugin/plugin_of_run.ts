import { FarmError } from "../../core/errors.ts";
import type { FarmManifest } from "../../core/schema/manifest.ts";
import type { Backend } from "../../schedulers/adapter.ts";
import { pluginOf } from "./adapt.ts";

/**
 * Returns a notice about a plugin before its first use, since its code chooses the commands to run; null for a built-in
 * adapter.
 */
export function aboutPlugin(adapter: Backend): string | null {
  const plugin = pluginOf(adapter);
  if (!plugin) return null;
  const { entry, sha256 } = plugin.source;
  return `scheduler ${adapter.name}: plugin ${entry}\n  sha256 ${sha256}\n  runs ${plugin.adapter.programs.join(", ")}`;
}

/** Returns the manifest's entry about the plugin that rendered a run. */
export function pluginRecord(adapter: Backend): { plugin?: { sha256: string } } {
  const plugin = pluginOf(adapter);
  return plugin ? { plugin: { sha256: plugin.source.sha256 } } : {};
}

/** Returns a warning where a run's plugin is not the one that rendered the run; else null. */
export function pluginChange(manifest: FarmManifest, adapter: Backend): string | null {
  const about = aboutPlugin(adapter);
  const rendered = manifest.farm.plugin?.sha256;
  if (about === null || rendered === pluginOf(adapter)?.source.sha256) return null;
  return `${about}\n  the run was rendered by another one: sha256 ${rendered ?? "unknown"}`;
}

/**
 * Checks that a request suits a plugin, whose jobs need this program and a shared file system.
 * @throws {FarmError} usage
 */
export function checkPluginRequest(adapter: Backend, request: { wrapper: string; mode: string }): void {
  const { file_transfer, sends_inputs } = adapter.limits;
  if (request.mode === "transfer" && !file_transfer && !sends_inputs) {
    throw new FarmError("usage", `Cannot use --mode transfer: ${adapter.name} does not send files to its jobs`);
  }
  if (request.wrapper === "sh" && pluginOf(adapter)) {
    throw new FarmError("usage", `Cannot use --wrapper sh: the plugin "${adapter.name}" runs nsfarm-deno in its jobs`);
  }
}
