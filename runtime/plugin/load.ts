import { FarmError } from "../../core/errors.ts";
import type { SchedulerAdapter } from "../../schedulers/adapter.ts";
import { BUILT_IN } from "../../schedulers/mod.ts";
import { orRefusal } from "../fs/list.ts";
import { running, type RunningPlugin, startPlugin } from "./adapt.ts";
import { readPlugin } from "./read.ts";
import { pluginFault, type PluginFile, pluginPlaces } from "./trust.ts";

/** Reads, starts and checks one plugin; it runs until it is closed or the program ends. @throws {FarmError} input */
export function openPlugin({ path, sha256, way }: PluginFile): RunningPlugin {
  const known = running.get(path);
  const source = known?.source ?? readPlugin(path, pluginPlaces().trusted);
  if (sha256 !== undefined && source.sha256 !== sha256) {
    throw pluginFault(
      path,
      `its sha256 is ${source.sha256}, but the ${way} requires ${sha256}`,
      "Check what has changed",
    );
  }
  if (known) return known;
  const plugin = startPlugin(source);
  if (Object.hasOwn(BUILT_IN, plugin.adapter.name)) {
    plugin.close();
    throw pluginFault(path, `its name "${plugin.adapter.name}" is that of a scheduler that is built in`);
  }
  running.set(path, plugin);
  return plugin;
}

/** A plugin that was found, with its adapter or the error that makes it unusable. */
export interface FoundPlugin {
  file: PluginFile;
  plugin: RunningPlugin | null;
  fault: FarmError | null;
}

/** Returns every plugin in order of precedence: the first of two with the same name is used. */
export function findPlugins(): FoundPlugin[] {
  return pluginPlaces().files.map(openFound);
}

function openFound(file: PluginFile): FoundPlugin {
  const plugin = orRefusal(() => openPlugin(file));
  return plugin instanceof FarmError ? { file, plugin: null, fault: plugin } : { file, plugin, fault: null };
}

interface Search {
  adapter: SchedulerAdapter | null;
  /** Names of the other plugins. */
  names: string[];
  /** Errors of the plugins that are unusable, that of `own` first. */
  faults: FarmError[];
}

/**
 * Finds the plugin of a name: the one of --plugin, else the one that rendered the run, else the first of the others.
 * @param own the file that rendered the run, with its sha256; it is used only where that is unchanged
 * @throws {FarmError} input, when a plugin that the user has named is unusable
 */
export function findPlugin(name: string, own: PluginFile | null = null): Search {
  const found = findPlugins();
  const named = found.find(({ file, fault }) => fault && (file.way === "--plugin" || file.way === "profile"));
  if (named?.fault) throw named.fault;
  const usable = found.flatMap(({ file: { way }, plugin }) => plugin ? [{ way, ...plugin }] : []);
  const those = usable.filter(({ adapter }) => adapter.name === name);
  const given = those.find(({ way }) => way === "--plugin") ??
    those.find(({ source }) => source.sha256 === own?.sha256);
  const rendered = given || own === null ? null : openFound(own);
  const its = rendered?.plugin?.adapter.name === name ? rendered.plugin : undefined;
  return {
    adapter: (given ?? its ?? those[0])?.adapter ?? null,
    names: usable.map(({ adapter }) => adapter.name),
    faults: [rendered, ...found].flatMap((one) => one?.fault ?? []),
  };
}
