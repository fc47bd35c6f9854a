import { basename } from "node:path";
import type { LimitChange, Remedies } from "../../core/advice.ts";
import { FarmError } from "../../core/errors.ts";
import { durationSeconds, nearestName } from "../../core/flags.ts";
import type { RecoveryLimits } from "../../core/recovery.ts";
import { avoidedNodes } from "../../core/recovery_history.ts";
import type { FarmManifest } from "../../core/schema/manifest.ts";
import { quoteWord } from "../../core/shell_quote.ts";
import type { Backend, Place, SchedulerLimits, SchedulerOption } from "../../schedulers/adapter.ts";
import { BUILT_IN } from "../../schedulers/mod.ts";
import type { Run } from "../run/load_manifest.ts";
import type { PluginFile } from "../plugin/trust.ts";
import { refusalOf } from "../run/submissions.ts";
import { optionAvoiding } from "./recent_nodes.ts";

/** Returns the options of all schedulers that choose nodes. */
export async function optionsOfNodes(): Promise<SchedulerOption[]> {
  const adapters = await Promise.all(Object.keys(BUILT_IN).map((name) => loadAdapter(name)));
  return adapters.flatMap(({ options }) => options.filter(({ role }) => role === "nodes"));
}

interface Named {
  /** For messages. */
  what: string;
  /** Kind of the error where no adapter has the name. */
  kind: FarmError["kind"];
  /** The plugin that rendered the run. */
  own?: PluginFile | null;
}

/** Returns a built-in adapter or a plugin. @throws {FarmError} of its kind, for an unknown name; input, if unusable */
export async function loadAdapter(
  name: string,
  { what, kind, own = null }: Named = { what: `--scheduler "${name}"`, kind: "usage" },
): Promise<Backend> {
  const load = Object.hasOwn(BUILT_IN, name) ? BUILT_IN[name] : undefined;
  if (load) return (await load()).default;
  const { findPlugin } = await import("../plugin/load.ts");
  const { adapter, names, faults } = findPlugin(name, own);
  if (adapter) return adapter;
  if (own && faults[0]) {
    throw new FarmError(
      "input",
      faults[0].message,
      `Check it, then name it where it is now: --plugin=${quoteWord(own.path)}`,
    );
  }
  const known = [...Object.keys(BUILT_IN), ...names];
  const near = kind === "usage" ? nearestName(name, known) : undefined;
  throw new FarmError(
    kind,
    `Cannot use ${what}: known are ${known.join(", ")}`,
    faults[0]?.message ?? (near ? `Did you mean "${near}"?` : "Is it a plugin? Name its file with --plugin"),
  );
}

/**
 * Returns the adapter of a run's scheduler; of a plugin the one that rendered the run, unless --plugin names another.
 * @throws {FarmError} input
 */
export function adapterOfRun({ dir, manifest: { scheduler, farm } }: Run<FarmManifest>): Promise<Backend> {
  const what = `the run "${basename(dir)}" of the scheduler "${scheduler}"`;
  const { path, sha256 } = farm.plugin ?? {};
  return loadAdapter(scheduler, { what, kind: "input", own: path && sha256 ? { path, sha256, way: "run" } : null });
}

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

/**
 * Returns the limits that `retry` can raise: above the run's value, or to a first value where it has none.
 * @param nodes at fault, which jobs should avoid
 */
export function remediesFor(run: Run<FarmManifest>, adapter: Backend, nodes: readonly string[] = []): Remedies {
  const avoid = nodes.length === 0
    ? null
    : optionAvoiding(adapter, run.manifest.farm.options, nodes.map((node) => ({ node })));
  return {
    ...(avoid === null ? {} : { avoid: [`--${avoid.name}=${avoid.value}`] }),
    more_memory: changeOf(run, adapter, "memory", FIRST_MEMORY),
    more_time: changeOf(run, adapter, "time", []),
    refusal: refusalOf(run),
  };
}

/** Values of memory that a run without one gets first; the first that the option accepts. */
const FIRST_MEMORY = ["4GB", "4G"];

const optionOf = (adapter: Backend, role: SchedulerOption["role"]): SchedulerOption | undefined =>
  adapter.options.find((one) => one.role === role);

const accepts = ({ pattern }: SchedulerOption) => (value: string) => new RegExp(`^(?:${pattern ?? ".*"})$`).test(value);

/** Returns the limits of a run that a recovery may raise. */
export function recoveryLimits(run: Run<FarmManifest>, adapter: Backend, limits: SchedulerLimits): RecoveryLimits {
  const { options, first_options = options } = run.manifest.farm;
  const [memory, time] = [optionOf(adapter, "memory"), optionOf(adapter, "time")];
  const places = placesOf(options, limits.places ?? []);
  const most_mib = Math.max(0, ...places.map(({ memory_mb }) => memory_mb ?? 0));
  const avoided = avoidedNodes(run.manifest);
  const nodes = adapter.avoiding ? optionOf(adapter, "nodes")?.name ?? null : null;
  return {
    memory: memory === undefined ? null : {
      name: memory.name,
      now: options[memory.name],
      first: first_options[memory.name] ?? FIRST_MEMORY.find(accepts(memory)) ?? "4GB",
      most_mib: most_mib === 0 ? null : most_mib,
    },
    time: time === undefined
      ? null
      : { name: time.name, now: options[time.name], most_s: adapter.kind === "worker" ? null : longestTime(places) },
    nodes,
    n_nodes: places.length === 0 ? null : nodeCount(places) - avoided.length,
    avoided,
  };
}

/** Returns the partitions or nodes that options name; all where they name none. */
function placesOf(options: Run<FarmManifest>["manifest"]["farm"]["options"], places: readonly Place[]): Place[] {
  const words = new Set(Object.values(options).flatMap((value) => typeof value === "string" ? value.split(",") : []));
  const named = places.filter(({ name }) => words.has(name));
  return named.length > 0 ? named : [...places];
}

/** Returns the number of nodes: of the largest partition, since partitions share nodes, or of single nodes. */
function nodeCount(places: readonly Place[]): number {
  const most = Math.max(...places.map(({ nodes }) => nodes ?? 1));
  return most > 1 ? most : places.length;
}

/**
 * Returns the longest time in seconds that each of the places allows; null: no limit; undefined: unknown. Of several
 * partitions the scheduler may choose any.
 */
function longestTime(places: readonly Place[]): number | null | undefined {
  if (places.length === 0) return undefined;
  const limits = places.flatMap(({ time_limit }) => time_limit ?? []);
  if (limits.length === 0) return null;
  if (!limits.every((limit) => /^(\d+-)?\d+(:\d+){0,2}$/.test(limit))) return undefined;
  return Math.min(...limits.map(durationSeconds("the time limit of a partition")));
}

function changeOf(run: Run<FarmManifest>, adapter: Backend, role: "memory" | "time", first: string[]): LimitChange {
  const option = optionOf(adapter, role);
  if (!option) return null;
  if (run.manifest.farm.options[option.name] !== undefined) return "more";
  return first.find(accepts(option)) ?? null;
}
