/** Folders and programs of the development tools. Git ignores these folders; they can be deleted at any time. */
import { mkdir, readdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { kill, pid } from "node:process";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";

/** The root of the checkout. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Fetched programs: Deno, the runtime, nextstat. */
export const toolsDir = join(root, ".tools");

/** The folder of builds. */
export const distDir = join(root, "dist");

/** The program that `./dev build` makes. */
export const binaryPath = join(distDir, "nsfarm-deno");

/** The folder of `./dev demo`. */
export const demoDir = join(root, ".demo");

/** The Deno that builds the program; `./dev` holds the same number, and a test compares the two. */
export const pinnedDeno = "2.4.2";

/** An error whose one-line message is all that a developer needs; printed without a stack. */
export class DevError extends Error {}

/** Runs a script's main function and ends the process with the exit code that it returns. */
export async function runMain(main: () => Promise<number>): Promise<never> {
  try {
    Deno.exit(await main());
  } catch (error) {
    if (!(error instanceof DevError)) throw error;
    console.error(`dev: ${error.message}`);
    Deno.exit(1);
  }
}

/** Runs a program in this terminal; returns its exit code. */
export async function runHere(
  program: string,
  args: string[],
  options: { cwd?: string; env?: Record<string, string> } = {},
): Promise<number> {
  const inherited = { stdin: "inherit", stdout: "inherit", stderr: "inherit" } as const;
  const { code } = await new Deno.Command(program, { args, ...options, ...inherited }).spawn().status;
  return code;
}

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
  /** Whether `env` is the whole environment. */
  clearEnv?: boolean;
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
  const { cwd = Deno.cwd(), env = {}, clearEnv = false, timeoutSeconds = 600 } = options;
  const tooLong = new AbortController();
  const timer = setTimeout(() => tooLong.abort(), timeoutSeconds * 1000);
  try {
    return await new Deno.Command(program, { args, cwd, env, clearEnv, signal: tooLong.signal, stdin: "null" })
      .output();
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

const scratchDir = join(toolsDir, "scratch");
let made = 0;

/**
 * Runs a function with a fresh folder on the file system of `.tools`, so that its results can be renamed into place in
 * one step. Removes the folder afterwards, and those that killed processes left.
 */
export async function inScratch<T>(work: (folder: string) => Promise<T>): Promise<T> {
  await mkdir(scratchDir, { recursive: true });
  await dropLeftovers();
  const folder = join(scratchDir, `${made++}.${pid}`);
  await mkdir(folder);
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function dropLeftovers(): Promise<void> {
  for (const name of await readdir(scratchDir)) {
    const owner = Number(name.split(".").at(-1));
    if (owner !== pid && isGone(owner)) await rm(join(scratchDir, name), { recursive: true, force: true });
  }
}

function isGone(owner: number): boolean {
  try {
    kill(owner, 0);
    return false;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "ESRCH";
  }
}
