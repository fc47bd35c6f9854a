import type { Command } from "commander";
import type { OptionValue } from "../core/contracts/manifest.ts";
import { repeated } from "../core/parse_flag.ts";
import { loadAdapter } from "../host/jobs/load_adapter.ts";
import { readOption } from "../host/run/read_option.ts";
import { aboutPlugin } from "../host/plugin/plugin_run.ts";
import type { SchedulerAdapter, SchedulerOption } from "../schedulers/adapter.ts";
import type { Output } from "./command.ts";
import { flagValues } from "./flag_values.ts";

/** The scheduler that argv names; flags depend on it, so it is looked for before commander parses. */
export function schedulerIn(argv: readonly string[]): string {
  return flagValues(argv, "--scheduler").at(-1) ?? "local";
}

export async function defineSchedulerFlags(command: Command, argv: readonly string[]): Promise<SchedulerAdapter> {
  const adapter = await loadAdapter(schedulerIn(argv));
  command.option("--scheduler <name>", "local, ssh, slurm, htcondor …; its own options are shown with it", "local");
  for (const option of adapter.options) defineOne(command, option);
  return adapter;
}

/** A plugin is shown before it is used for a new run. */
export function tellPlugin(adapter: SchedulerAdapter, out: Output): void {
  const about = aboutPlugin(adapter);
  if (about !== null) out.note(about);
}

export function defineOne(command: Command, option: SchedulerOption): void {
  const flag = `--${option.name}${option.type === "boolean" ? "" : ` <${option.placeholder ?? option.type}>`}`;
  const help = option.native ? `${option.help} (${option.native})` : option.help;
  const parse = parser(option);
  if (option.required) command.requiredOption(flag, help, parse);
  else if (option.default === undefined) command.option(flag, help, parse);
  else command.option(flag, help, parse, option.default);
}

function parser(option: SchedulerOption): (text: string, before: unknown) => unknown {
  const read = (text: string) => readOption(option, text);
  if (option.type !== "strings") return read;
  return (text, before) => repeated(`${read(text)}`, Array.isArray(before) ? before.map(String) : undefined);
}

/** The scheduler's own options among those that commander parsed, by their flag names. */
export function readSchedulerOptions(
  options: Record<string, unknown>,
  adapter: Pick<SchedulerAdapter, "options">,
): Record<string, OptionValue> {
  const found: Record<string, OptionValue> = {};
  for (const { name } of adapter.options) {
    const value = options[camel(name)];
    if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") found[name] = value;
    else if (Array.isArray(value)) found[name] = value.map(String);
  }
  return found;
}

const camel = (name: string) => name.replaceAll(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
