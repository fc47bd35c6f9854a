import * as z from "zod/mini";
import { type ErrorKind, FarmError } from "../../core/errors.ts";
import { firstIssue } from "../../core/read_output.ts";
import type { SchedulerAdapter } from "../../schedulers/adapter.ts";
import { AdapterFacts } from "./adapter_facts.ts";
import { adapterValues, OPTIONAL_CALLS } from "./adapter_values.ts";
import { pluginFault } from "./plugin_fault.ts";
import { PluginThrew, PluginWorker } from "./plugin_worker.ts";
import type { PluginSource } from "./read_plugin.ts";

export interface RunningPlugin {
  adapter: SchedulerAdapter;
  source: PluginSource;
  close(): void;
}

const Loaded = z.strictObject({ calls: z.array(z.string()), facts: z.unknown() });

/**
 * Starts a plugin; its adapter's functions are calls of its Worker whose every value is checked.
 * @param most_ms after how long a call counts as hanging
 * @throws {FarmError} input, naming the file and the member
 */
export function startPlugin(source: PluginSource, most_ms?: number): RunningPlugin {
  const worker = new PluginWorker(source.entry, most_ms);
  try {
    const caller = new Caller(source.entry, worker);
    const { calls, facts } = caller.load(source);
    return { adapter: adapterOf(facts, calls, caller), source, close: () => worker.close() };
  } catch (error) {
    worker.close();
    throw error;
  }
}

class Caller {
  readonly #file: string;
  readonly #worker: PluginWorker;

  constructor(file: string, worker: PluginWorker) {
    this.#file = file;
    this.#worker = worker;
  }

  load(source: PluginSource): { calls: string[]; facts: AdapterFacts } {
    const loaded = this.#checked("default export", Loaded, () => this.#worker.load(source));
    checkCalls(this.#file, loaded.calls);
    const parsed = AdapterFacts.safeParse(loaded.facts);
    if (parsed.success) return { calls: loaded.calls, facts: parsed.data };
    throw pluginFault(this.#file, firstIssue(parsed.error), "docs/writing-an-adapter.md explains every member");
  }

  call<T extends z.ZodMiniType>(member: string, schema: T, args: readonly unknown[]): z.infer<T> {
    return this.#checked(member, schema, () => this.#worker.call(member, args));
  }

  #checked<T extends z.ZodMiniType>(member: string, schema: T, ask: () => unknown): z.infer<T> {
    try {
      const parsed = schema.safeParse(ask());
      if (parsed.success) return parsed.data;
      throw pluginFault(this.#file, `what its ${member} returned is wrong: ${firstIssue(parsed.error)}`);
    } catch (error) {
      throw error instanceof PluginThrew ? this.#refusal(member, error) : error;
    }
  }

  /** An adapter refuses what cannot be by throwing an error of kind "usage"; anything else is its mistake. */
  #refusal(member: string, { thrown }: PluginThrew): FarmError {
    const usage: ErrorKind = "usage";
    if (thrown.kind === usage) return new FarmError(usage, thrown.message, thrown.next);
    return pluginFault(this.#file, `its ${member} threw: ${thrown.message}`);
  }
}

function checkCalls(file: string, calls: readonly string[]): void {
  const known = Object.keys(adapterValues([]));
  const missing = known.find((name) => !OPTIONAL_CALLS.includes(name) && !calls.includes(name));
  if (missing !== undefined) throw pluginFault(file, `it has no function "${missing}"`);
  const strange = calls.find((name) => !known.includes(name));
  if (strange !== undefined) throw pluginFault(file, `it has a function "${strange}", which no adapter has`);
}

function adapterOf(facts: AdapterFacts, calls: readonly string[], caller: Caller): SchedulerAdapter {
  const values = adapterValues(facts.programs);
  const call = <T extends z.ZodMiniType>(member: string, schema: T) => (...args: unknown[]): z.infer<T> =>
    caller.call(member, schema, args);
  const has = (member: string) => calls.includes(member);
  return {
    ...facts,
    render: call("render", values.render),
    probe: call("probe", values.probe),
    readProbe: call("readProbe", values.readProbe),
    submit: call("submit", values.submit),
    readSubmit: call("readSubmit", values.readSubmit),
    find: call("find", values.find),
    readFind: call("readFind", values.readFind),
    query: call("query", values.query),
    readQuery: call("readQuery", values.readQuery),
    cancel: call("cancel", values.cancel),
    readCancel: call("readCancel", values.readCancel),
    ...(has("eventLogs") ? { eventLogs: call("eventLogs", values.eventLogs) } : {}),
    ...(has("readEventLogs") ? { readEventLogs: call("readEventLogs", values.readEventLogs) } : {}),
    ...(has("eventsOf") ? { eventsOf: call("eventsOf", values.eventsOf) } : {}),
    ...(has("avoiding") ? { avoiding: call("avoiding", values.avoiding) } : {}),
    ...(has("pool") ? { pool: call("pool", values.pool) } : {}),
    ...(has("readPool") ? { readPool: call("readPool", values.readPool) } : {}),
    ...(has("finish") ? { finish: call("finish", values.finish) } : {}),
    ...(has("jobLogs") ? { jobLogs: call("jobLogs", values.jobLogs) } : {}),
    ...(has("readJobLog") ? { readJobLog: call("readJobLog", values.readJobLog) } : {}),
  };
}
