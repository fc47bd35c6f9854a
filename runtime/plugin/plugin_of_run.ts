import { FarmError } from "../../core/errors.ts";
import type { FarmManifest } from "../../core/schema/manifest.ts";
import type { Backend, RenderedFile } from "../../schedulers/adapter.ts";
import { JOB_WRAPPER } from "../../schedulers/job_wrapper.ts";
import { pluginOf } from "./adapt.ts";

/** Returns a notice about a plugin, whose code chooses the commands to run; null for a built-in adapter. */
export function aboutPlugin(adapter: Backend): string | null {
  const plugin = pluginOf(adapter);
  if (!plugin) return null;
  const { entry, sha256 } = plugin.source;
  return `scheduler ${adapter.name}: plugin ${entry}\n  sha256 ${sha256}\n  runs ${plugin.adapter.programs.join(", ")}`;
}

/** Returns the manifest's entry about the plugin that rendered a run. */
export function pluginRecord(adapter: Backend): { plugin?: { sha256: string; path: string } } {
  const plugin = pluginOf(adapter);
  return plugin ? { plugin: { sha256: plugin.source.sha256, path: plugin.source.entry } } : {};
}

/** Returns a warning where a run's plugin is not the one that rendered the run; else null. */
export function pluginChange(manifest: FarmManifest, adapter: Backend): string | null {
  const about = aboutPlugin(adapter);
  const rendered = manifest.farm.plugin?.sha256;
  if (about === null || rendered === pluginOf(adapter)?.source.sha256) return null;
  return `${about}\n  the run was rendered by another one: sha256 ${rendered ?? "unknown"}`;
}

/**
 * Checks that the jobs of a plugin run the sh wrapper where that was requested.
 * @param rendered the files of its jobs
 * @throws {FarmError} usage
 */
export function checkPluginWrapper(adapter: Backend, wrapper: "binary" | "sh", rendered: RenderedFile[]): void {
  if (wrapper === "binary" || !pluginOf(adapter) || rendered.some(({ path }) => path === JOB_WRAPPER)) return;
  throw new FarmError("usage", `Cannot use --wrapper sh: the plugin "${adapter.name}" runs nsfarm-deno in its jobs`);
}
