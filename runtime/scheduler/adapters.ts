import { basename } from "node:path";
import type { LimitChange, Remedies } from "../../core/advice.ts";
import { FarmError } from "../../core/errors.ts";
import { nearestName } from "../../core/flags.ts";
import type { FarmManifest } from "../../core/schema/manifest.ts";
import type { Backend, SchedulerOption } from "../../schedulers/adapter.ts";
import { BUILT_IN } from "../../schedulers/mod.ts";
import type { Run } from "../run/load_manifest.ts";
import { refusalOf } from "../run/submissions.ts";

/** Returns the options of all schedulers that have a role. */
export async function optionsOfRole(role: SchedulerOption["role"]): Promise<SchedulerOption[]> {
  const adapters = await Promise.all(Object.keys(BUILT_IN).map((name) => loadAdapter(name)));
  return adapters.flatMap(({ options }) => options.filter((option) => option.role === role));
}

/**
 * Returns the adapter of a scheduler: a built-in one, or a plugin.
 * @param of what names the scheduler, and the kind of error where no adapter has the name
 * @throws {FarmError} usage, for an unknown name; input, for an unusable plugin
 */
export async function loadAdapter(
  name: string,
  of: { what: string; kind: FarmError["kind"] } = { what: `--scheduler "${name}"`, kind: "usage" },
): Promise<Backend> {
  const load = Object.hasOwn(BUILT_IN, name) ? BUILT_IN[name] : undefined;
  if (load) return (await load()).default;
  const { findPlugin } = await import("../plugin/load.ts");
  const { adapter, names, faults } = findPlugin(name);
  if (adapter) return adapter;
  const known = [...Object.keys(BUILT_IN), ...names];
  const near = nearestName(name, known);
  throw new FarmError(
    of.kind,
    `Cannot use ${of.what}: known are ${known.join(", ")}`,
    faults[0]?.message ?? (near ? `Did you mean "${near}"?` : "Is it a plugin? Name its file with --plugin"),
  );
}

/**
 * Returns the adapter of a run's scheduler.
 * @throws {FarmError} input
 */
export const adapterOfRun = ({ dir, manifest: { scheduler } }: Run<FarmManifest>): Promise<Backend> =>
  loadAdapter(scheduler, { what: `the run "${basename(dir)}" of the scheduler "${scheduler}"`, kind: "input" });

/** Returns the built-in scheduler that has an option of this name; undefined: none. */
export async function schedulerWith(option: string): Promise<string | undefined> {
  for (const [name, load] of Object.entries(BUILT_IN)) {
    const { default: adapter } = await load();
    if (adapter.options.some((one) => one.name === option)) return name;
  }
  return undefined;
}

/** Names of the schedulers that need no plugin. */
export const BUILT_IN_NAMES: readonly string[] = Object.keys(BUILT_IN);

/** Returns the limits that `retry` can raise: to twice the run's value, or to a first value where it has none. */
export function remediesFor(run: Run<FarmManifest>, adapter: Backend): Remedies {
  return {
    more_memory: changeOf(run, adapter, "memory", ["4GB", "4G"]),
    more_time: changeOf(run, adapter, "time", []),
    refusal: refusalOf(run),
  };
}

function changeOf(run: Run<FarmManifest>, adapter: Backend, role: "memory" | "time", first: string[]): LimitChange {
  const option = adapter.options.find((one) => one.role === role);
  if (!option) return null;
  if (run.manifest.farm.options[option.name] !== undefined) return "twice";
  return first.find((value) => new RegExp(`^(?:${option.pattern ?? ".*"})$`).test(value)) ?? null;
}
