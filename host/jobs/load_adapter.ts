import { FarmError } from "../../core/errors.ts";
import { nearestName } from "../../core/nearest_name.ts";
import type { SchedulerAdapter, SchedulerOption } from "../../schedulers/adapter.ts";
import { BUILT_IN } from "../../schedulers/mod.ts";

/** The options of all schedulers that have a role. */
export async function optionsOfRole(role: SchedulerOption["role"]): Promise<SchedulerOption[]> {
  const adapters = await Promise.all(Object.keys(BUILT_IN).map(loadAdapter));
  return adapters.flatMap(({ options }) => options.filter((option) => option.role === role));
}

/**
 * The adapter of a scheduler: a built-in one, or a plugin.
 * @throws {FarmError} usage, for a name that no adapter has; input, for a plugin that cannot be used
 */
export async function loadAdapter(name: string): Promise<SchedulerAdapter> {
  const load = Object.hasOwn(BUILT_IN, name) ? BUILT_IN[name] : undefined;
  if (load) return (await load()).default;
  const { findPlugin } = await import("../plugin/load_plugin.ts");
  const { adapter, names, faults } = findPlugin(name);
  if (adapter) return adapter;
  const known = [...Object.keys(BUILT_IN), ...names];
  const near = nearestName(name, known);
  throw new FarmError(
    "usage",
    `Cannot use --scheduler "${name}": known are ${known.join(", ")}`,
    faults[0]?.message ?? (near ? `Did you mean "${near}"?` : "Is it a plugin? Name its file with --plugin"),
  );
}

/** The scheduler that has an option of this name, where one of the built-in ones has. */
export async function schedulerWith(option: string): Promise<string | undefined> {
  for (const [name, load] of Object.entries(BUILT_IN)) {
    const { default: adapter } = await load();
    if (adapter.options.some((one) => one.name === option)) return name;
  }
  return undefined;
}
