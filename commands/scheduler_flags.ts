import type { Command } from "commander";
import { FarmError } from "../core/errors.ts";
import { camelCase, type FlagTable } from "../core/flags.ts";
import type { OptionValue } from "../core/schema/manifest.ts";
import { DEFAULT_BACKEND } from "../core/worker_backends.ts";
import { aboutPlugin } from "../runtime/plugin/plugin_of_run.ts";
import { readOption } from "../runtime/run/read_option.ts";
import { loadAdapter } from "../runtime/scheduler/adapters.ts";
import type { Backend, SchedulerOption } from "../schedulers/adapter.ts";
import { addFlag, type CommandSpec, defineCommand, type Output, type OwnCommand, typedValues } from "./flags.ts";

/** Returns the scheduler that argv names, before commander parses: the flags depend on it. */
export function schedulerIn(argv: readonly string[]): string {
  return typedValues(argv, "--scheduler").at(-1) ?? DEFAULT_BACKEND;
}

async function defineSchedulerFlags(command: Command, argv: readonly string[]): Promise<void> {
  const adapter = await loadAdapter(schedulerIn(argv));
  command.optionsGroup("Where").option(
    "--scheduler <name>",
    "local, ssh, slurm …; --help has its options",
    DEFAULT_BACKEND,
  ).optionsGroup("");
  for (const option of adapter.options) defineOne(command, option);
}

/** A command that renders runs, as its file writes it. */
interface RenderCommand<T extends FlagTable> extends Pick<OwnCommand<T>, "flags"> {
  /** Adds flags after those of the scheduler. */
  define?(command: Command): void;
  /** @param invocation has also the adapter of the scheduler that the command line names */
  run(invocation: Parameters<OwnCommand<T>["run"]>[0] & { adapter: Backend }): ReturnType<OwnCommand<T>["run"]>;
}

/** Returns a command that renders runs: its flags are followed by those of the scheduler that the command line names. */
export const defineRenderCommand = <T extends FlagTable>({ flags, define, run }: RenderCommand<T>): CommandSpec =>
  defineCommand({
    schedulers: true,
    flags,
    define: async (command, argv) => {
      await defineSchedulerFlags(command, argv);
      define?.(command);
    },
    run: async (invocation) => {
      const adapter = await loadAdapter(String(invocation.options["scheduler"]));
      reportPlugin(adapter, invocation.out);
      return await run({ ...invocation, adapter });
    },
  });

/** Prints a notice about a plugin before it is used for a new run. */
export function reportPlugin(adapter: Backend, out: Output): void {
  const about = aboutPlugin(adapter);
  if (about !== null) out.note(about);
}

export function defineOne(command: Command, option: SchedulerOption): void {
  const help = option.native ? `${option.help} (${option.native})` : option.help;
  addFlag(command, option.name, { group: "Where", ...option, help }, (text) => readOption(option, text));
}

/** Refuses --mode transfer where neither the scheduler nor this program sends files. @throws {FarmError} usage */
export function checkMode({ name, limits: { file_transfer, sends_inputs } }: Backend, mode: string): void {
  if (mode !== "transfer" || file_transfer || sends_inputs) return;
  throw new FarmError("usage", `Cannot use --mode transfer: ${name} does not send files to its jobs`);
}

/** Returns the scheduler's own options among those that commander parsed, by their flag names. */
export function readSchedulerOptions(
  options: Record<string, unknown>,
  adapter: Pick<Backend, "options">,
): Record<string, OptionValue> {
  const found: Record<string, OptionValue> = {};
  for (const { name } of adapter.options) {
    const value = options[camelCase(name)];
    if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") found[name] = value;
    else if (Array.isArray(value)) found[name] = value.map(String);
  }
  return found;
}
