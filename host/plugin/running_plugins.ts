import type { Backend } from "../../schedulers/adapter.ts";
import type { RunningPlugin } from "./adapt_plugin.ts";

/** The plugins of this process, by their files' paths; they run until they are closed or the program ends. */
export const running = new Map<string, RunningPlugin>();

/** The plugin that an adapter comes from; undefined for a built-in one. */
export function pluginOf(adapter: Backend): RunningPlugin | undefined {
  return [...running.values()].find((one) => one.adapter === adapter);
}
