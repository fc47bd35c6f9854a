import * as z from "../../core/schema/zod.ts";
import { FarmError } from "../../core/errors.ts";
import { firstIssue } from "../../core/first_issue.ts";
import { INCOMING } from "../../core/run_paths.ts";
import {
  ADAPTER_CALLS,
  type AdapterCall,
  type AdapterCalls,
  AdapterFacts,
  type Backend,
  IS_REQUIRED,
  isAdapterCall,
  returnSchemas,
  type SchedulerAdapter,
} from "../../schedulers/adapter.ts";
import { jobLines, needsWrapper, renderJobWrapper, wrapperArgs } from "../../schedulers/job_wrapper.ts";
import { siteOptions } from "../../schedulers/options.ts";
import { PluginThrew, PluginWorker } from "./plugin_worker.ts";
import type { PluginSource } from "./read.ts";
import { MemberFault, pluginFault } from "./trust.ts";

/**
 * Returns an adapter whose functions check their return values: each throws a MemberFault where a value violates the
 * contract.
 * @param subject the plugin's file, else the adapter's name
 * @param calls the functions that the adapter has
 * @param call calls one of them; throws FarmError
 */
export function checkedAdapter(
  subject: string,
  facts: AdapterFacts,
  calls: readonly string[],
  call: (member: AdapterCall, args: readonly unknown[]) => unknown,
): SchedulerAdapter {
  const schemas = returnSchemas(facts.programs);
  const checked = (member: AdapterCall) => (...args: unknown[]): unknown => {
    const parsed = z.safeParse(schemas[member], call(member, args));
    if (parsed.success) return parsed.data;
    throw new MemberFault(subject, member, "returned", firstIssue(parsed.error));
  };
  const present = ADAPTER_CALLS.filter((member) => calls.includes(member));
  const functions = Object.fromEntries(present.map((member) => [member, checked(member)]));
  if (!hasRequiredCalls(functions)) throw new Error("The functions of an adapter are looked at before it is used");
  return { ...facts, ...functions };
}

/** Narrows to functions that have all required calls; their return types are those of the schemas that check them. */
function hasRequiredCalls(functions: object): functions is AdapterCalls {
  return ADAPTER_CALLS.every((member) => !IS_REQUIRED[member] || Object.hasOwn(functions, member));
}

export interface RunningPlugin {
  adapter: SchedulerAdapter;
  source: PluginSource;
  close(): void;
}

/**
 * Returns the adapter of a plugin that may use `launch`, the lines of its jobs; then the sh wrapper, which they execute
 * where nsfarm-deno does not start, is among the files.
 */
function withWrapper(adapter: SchedulerAdapter): SchedulerAdapter {
  const { name, inJob = {}, render } = adapter;
  return {
    ...adapter,
    render: (context) => {
      const launch = jobLines(context, { shards: "$1", wrapper_args: wrapperArgs(inJob) });
      const rendered = render({ ...context, launch });
      const { files, folders = [] } = rendered;
      if (!needsWrapper(context) || !files.some(({ text }) => text.includes(launch))) return rendered;
      return {
        ...rendered,
        files: [...files, renderJobWrapper(context, name, inJob)],
        folders: [...new Set([...folders, INCOMING])],
      };
    },
  };
}

const Loaded = z.strictObject({ calls: z.array(z.string()), facts: z.unknown() });

/**
 * Starts a plugin. The functions of its adapter are calls of its Worker, and every value is checked.
 * @param most_ms time after which a call counts as hanging
 * @throws {FarmError} input, naming the file and the member
 */
export function startPlugin(source: PluginSource, most_ms?: number): RunningPlugin {
  const { entry } = source;
  const worker = new PluginWorker(entry, most_ms);
  try {
    const { calls, facts } = load(source, worker);
    const adapter = checkedAdapter(
      entry,
      facts,
      calls,
      (member, args) => orFault(entry, member, () => worker.call(member, args)),
    );
    return { adapter: withWrapper(adapter), source, close: () => worker.close() };
  } catch (error) {
    worker.close();
    throw error;
  }
}

function load(source: PluginSource, worker: PluginWorker): { calls: string[]; facts: AdapterFacts } {
  const { entry } = source;
  const { calls, facts } = Loaded.parse(orFault(entry, "default export", () => worker.load(source)));
  checkCalls(entry, calls);
  const parsed = AdapterFacts.safeParse(facts);
  const fault = parsed.success ? pluginOwnFault(parsed.data) : firstIssue(parsed.error);
  if (parsed.success && fault === null) return { calls, facts: parsed.data };
  throw pluginFault(entry, fault ?? "", "docs/writing-an-adapter.md explains every member");
}

/** Runs a call. An adapter refuses a request by an error of kind "usage"; any other error is its fault. */
function orFault<T>(file: string, member: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof PluginThrew)) throw error;
    const { kind, message, next } = error.thrown;
    throw kind === "usage" ? new FarmError(kind, message, next) : new MemberFault(file, member, "threw", message);
  }
}

function checkCalls(file: string, calls: readonly string[]): void {
  const missing = ADAPTER_CALLS.find((name) => IS_REQUIRED[name] && !calls.includes(name));
  if (missing !== undefined) throw pluginFault(file, `it has no function "${missing}"`);
  const strange = calls.find((name) => !isAdapterCall(name));
  if (strange !== undefined) throw pluginFault(file, `it has a function "${strange}", which no adapter has`);
}

/** Returns the fault of what only plugins may not do: run programs of the farm itself, or use flags of others. */
function pluginOwnFault({ name, options, programs }: AdapterFacts): string | null {
  const ours = programs.find((program) => program === "nsfarm-deno" || program === "nextstat");
  if (ours !== undefined) return `programs: "${ours}" is never run for a plugin`;
  const site = siteOptions([]).map((option) => option.name);
  const prefix = `${name.replaceAll("_", "-")}-`;
  const foreign = options.findIndex((option) => !site.includes(option.name) && !option.name.startsWith(prefix));
  if (foreign < 0) return null;
  return `options.${foreign}.name: wanted a name that begins with "${prefix}", or one of ${site.join(", ")}`;
}

/** The plugins of this process by the paths of their files; they run until they are closed or the program ends. */
export const running = new Map<string, RunningPlugin>();

/** Returns the plugin that provides an adapter; undefined for a built-in one. */
export function pluginOf(adapter: Backend): RunningPlugin | undefined {
  return [...running.values()].find((one) => one.adapter === adapter);
}
