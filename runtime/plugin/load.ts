import { FarmError } from "../../core/errors.ts";
import type { FarmManifest } from "../../core/schema/manifest.ts";
import type { Backend, SchedulerAdapter } from "../../schedulers/adapter.ts";
import { BUILT_IN } from "../../schedulers/mod.ts";
import { pluginOf, running, type RunningPlugin, startPlugin } from "./adapt.ts";
import { readPlugin } from "./read.ts";
import { pluginFault, type PluginFile, pluginPlaces } from "./trust.ts";

/**
 * Reads, starts and checks one plugin; it goes on running until closed or the program ends.
 * @throws {FarmError} input
 */
export function openPlugin({ path, sha256, way }: PluginFile): RunningPlugin {
  const known = running.get(path);
  const source = known?.source ?? readPlugin(path, pluginPlaces().trusted);
  if (sha256 !== undefined && source.sha256 !== sha256) {
    throw pluginFault(path, `its sha256 is ${source.sha256}, and the ${way} wants ${sha256}`, "Read what has changed");
  }
  if (known) return known;
  const plugin = startPlugin(source);
  if (Object.hasOwn(BUILT_IN, plugin.adapter.name)) {
    plugin.close();
    throw pluginFault(path, `its name "${plugin.adapter.name}" is that of a scheduler which nsfarm-deno has built in`);
  }
  running.set(path, plugin);
  return plugin;
}

export interface FoundPlugin {
  file: PluginFile;
  plugin: RunningPlugin | null;
  fault: FarmError | null;
}

/** Every plugin that there is, in order: of two with one name the first counts. */
export function findPlugins(): FoundPlugin[] {
  return pluginPlaces().files.map((file) => {
    try {
      return { file, plugin: openPlugin(file), fault: null };
    } catch (error) {
      if (error instanceof FarmError) return { file, plugin: null, fault: error };
      throw error;
    }
  });
}

interface Search {
  adapter: SchedulerAdapter | null;
  /** The other names that plugins have. */
  names: string[];
  /** What is wrong with those that cannot be used. */
  faults: FarmError[];
}

/** @throws {FarmError} input, when a plugin that the user has named cannot be used */
export function findPlugin(name: string): Search {
  const found = findPlugins();
  const named = found.find(({ file, fault }) => fault && (file.way === "--plugin" || file.way === "profile"));
  if (named?.fault) throw named.fault;
  const adapters = found.flatMap(({ plugin }) => plugin ? [plugin.adapter] : []);
  return {
    adapter: adapters.find((one) => one.name === name) ?? null,
    names: adapters.map((one) => one.name),
    faults: found.flatMap(({ fault }) => fault ?? []),
  };
}

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
