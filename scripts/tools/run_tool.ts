import { stripVTControlCharacters } from "node:util";
import { DevError } from "./dev_error.ts";

/** How to run a tool. */
interface ToolOptions {
  /** The action, for the error: "Cannot <doing>: ...". */
  doing: string;
  /** Advice for the error. */
  next: string;
  /** The folder to run in; default: the present one. */
  cwd?: string;
  /** Variables to add to the environment. */
  env?: Record<string, string>;
  /** Time limit in seconds, then SIGTERM; default 600. */
  timeoutSeconds?: number;
}

/**
 * Runs a program and returns its stdout.
 * @throws DevError if it does not exist, fails, or takes too long
 */
export async function runTool(program: string, args: string[], options: ToolOptions): Promise<string> {
  const { code, signal, stdout, stderr } = await output(program, args, options);
  if (code === 0) return new TextDecoder().decode(stdout);
  const printed = stripVTControlCharacters(reasonIn(new TextDecoder().decode(stderr)));
  const end = signal ?? `exit code ${code}`;
  throw new DevError(`Cannot ${options.doing}: "${program}" ended with ${end}: ${printed}; ${options.next}`);
}

async function output(program: string, args: string[], options: ToolOptions): Promise<Deno.CommandOutput> {
  const { cwd = Deno.cwd(), env = {}, timeoutSeconds = 600 } = options;
  const tooLong = new AbortController();
  const timer = setTimeout(() => tooLong.abort(), timeoutSeconds * 1000);
  try {
    return await new Deno.Command(program, { args, cwd, env, signal: tooLong.signal, stdin: "null" }).output();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new DevError(`Cannot ${options.doing}: no "${program}" on PATH; install it, or ${options.next}`);
  } finally {
    clearTimeout(timer);
  }
}

// A line that names an error is the best message; the last line may be a backtrace or a log's name.
function reasonIn(text: string): string {
  const lines = text.split("\n").map((line) => line.trim()).filter((line) => line !== "");
  const errors = lines.filter((line) => /error/i.test(line)).slice(0, 2);
  return (errors.length > 0 ? errors : lines.slice(-2)).join(" | ") || "it printed no reason";
}
