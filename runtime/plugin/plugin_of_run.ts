import { FarmError } from "../../core/errors.ts";
import type { FarmManifest } from "../../core/schema/manifest.ts";
import type { Backend } from "../../schedulers/adapter.ts";
import { pluginOf } from "./adapt.ts";

/** What is told of a plugin before it is used for the first time: whose code decides what is run. */
export function aboutPlugin(adapter: Backend): string | null {
  const plugin = pluginOf(adapter);
  if (!plugin) return null;
  const { entry, sha256 } = plugin.source;
  return `scheduler ${adapter.name}: plugin ${entry}\n  sha256 ${sha256}\n  runs ${plugin.adapter.programs.join(", ")}`;
}

/** What a manifest keeps of the plugin that rendered it. */
export function pluginRecord(adapter: Backend): { plugin?: { sha256: string } } {
  const plugin = pluginOf(adapter);
  return plugin ? { plugin: { sha256: plugin.source.sha256 } } : {};
}

/** Says it when a run's plugin is not the one that rendered the run. */
export function pluginChange(manifest: FarmManifest, adapter: Backend): string | null {
  const about = aboutPlugin(adapter);
  const rendered = manifest.farm.plugin?.sha256;
  if (about === null || rendered === pluginOf(adapter)?.source.sha256) return null;
  return `${about}\n  the run was rendered by another one: sha256 ${rendered ?? "unknown"}`;
}

/**
 * A plugin starts jobs that find this program and a shared file system.
 * @throws {FarmError} usage
 */
export function checkPluginRequest(adapter: Backend, asked: { wrapper: string; mode: string }): void {
  const { file_transfer, sends_inputs } = adapter.limits;
  if (asked.mode === "transfer" && !file_transfer && !sends_inputs) {
    throw new FarmError("usage", `Cannot use --mode transfer: ${adapter.name} does not send files to its jobs`);
  }
  if (asked.wrapper === "sh" && pluginOf(adapter)) {
    throw new FarmError("usage", `Cannot use --wrapper sh: the plugin "${adapter.name}" runs nsfarm-deno in its jobs`);
  }
}
