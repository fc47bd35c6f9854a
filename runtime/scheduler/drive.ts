import { FarmError } from "../../core/errors.ts";
import type { Backend, Command, CommandResult, SchedulerAdapter, SchedulerLimits } from "../../schedulers/adapter.ts";
import { runProgram } from "../system/process.ts";

/** Runs an adapter's commands one after the other; refuses programs that it has not declared. */
export async function runCommands(
  adapter: SchedulerAdapter,
  commands: Command[],
  cwd: string,
): Promise<CommandResult[]> {
  const results: CommandResult[] = [];
  for (const command of commands) results.push(await runCommand(adapter, command, cwd));
  return results;
}

export async function runCommand(adapter: SchedulerAdapter, command: Command, cwd: string): Promise<CommandResult> {
  const [program = ""] = command.argv;
  if (!adapter.programs.includes(program)) {
    throw new FarmError(
      "input",
      `Cannot run "${program}" for the adapter "${adapter.name}": it is not one of its programs (${
        adapter.programs.join(", ")
      })`,
    );
  }
  return await runProgram({ ...command, cwd: command.cwd ?? cwd });
}

/** Returns the error, of kind unreachable, for a scheduler that does not answer. */
export function unreachable(
  adapter: Backend,
  doing: string,
  message: string,
  next = "Nothing was changed; run the same command again when it answers",
): FarmError {
  return new FarmError("unreachable", `Cannot ${doing} with ${adapter.name}: ${message}`, next);
}

/** Returns the limits that the scheduler's probe reports; empty where it has none, or is unreachable here. */
export async function queryLimits(adapter: Backend): Promise<SchedulerLimits> {
  if (adapter.kind === "worker") return {};
  return adapter.readProbe(await runCommands(adapter, adapter.probe(Deno.env.get("USER")), "/"));
}
