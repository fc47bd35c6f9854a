import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { FOLDER_VARIABLE } from "./scratch.ts";

/** The compiled program, the real nextstat, and the folder with the specs: `./dev test` names them. */
export const binary = (): string => fromEnvironment("NSFARM_TEST_BINARY");
export const nextstat = (): string => fromEnvironment("NSFARM_TEST_NEXTSTAT");
export const inputs = (): string => fromEnvironment("NSFARM_TEST_INPUTS");
export const spec10k = (): string => join(inputs(), "gauss_exp_10k.json");

function fromEnvironment(name: string): string {
  const value = Deno.env.get(name);
  if (!value) throw new Error(`This test needs ${name}: run it by ./dev test`);
  return value;
}

export interface Ran {
  code: number;
  signal: string | null;
  stdout: string;
  stderr: string;
}

export interface Started {
  pid: number;
  kill(signal: Deno.Signal): void;
  ended: Promise<Ran>;
}

export interface Where {
  cwd?: string;
  /** Added to the environment of the test. */
  env?: Record<string, string>;
  /** Nothing but `env`. */
  clearEnv?: boolean;
  /** What is run instead of the compiled program. */
  program?: string;
  /** Longer than it may take otherwise; seconds. */
  most_s?: number;
}

/** As long as a machine with many tests at once may need for a whole run. */
const MAX_S = 300;

/** Starts the program; its processes are known by the test's folder, and its temporary files lie in it. */
export function start(folder: string, args: string[], where: Where = {}): Started {
  const marks = { [FOLDER_VARIABLE]: folder, TMPDIR: join(folder, "tmp"), XDG_STATE_HOME: join(folder, "state") };
  const child = new Deno.Command(where.program ?? binary(), {
    args,
    cwd: where.cwd ?? folder,
    clearEnv: where.clearEnv ?? false,
    env: where.clearEnv ? where.env ?? {} : { ...marks, ...where.env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const most_s = where.most_s ?? MAX_S;
  let late = "";
  const timer = setTimeout(() => {
    late = `(killed by the test after ${most_s} s)`;
    signalQuietly(child, "SIGKILL");
  }, most_s * 1000);
  const ended = child.output().then(({ code, signal, stdout, stderr }) => {
    clearTimeout(timer);
    return { code, signal, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) + late };
  });
  return { pid: child.pid, kill: (signal) => signalQuietly(child, signal), ended };
}

function signalQuietly(child: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    child.kill(signal);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // it has ended already
  }
}

/** Runs the program to its end. */
export function nsfarm(folder: string, args: string[], where: Where = {}): Promise<Ran> {
  return start(folder, args, where).ended;
}

/** As nsfarm, but fails with what was printed unless the exit code is the wanted one. */
export async function mustRun(folder: string, args: string[], code = 0, where: Where = {}): Promise<Ran> {
  const ran = await nsfarm(folder, args, where);
  assert.equal(ran.code, code, `${args.join(" ")}\n${ran.stdout}${ran.stderr}`);
  return ran;
}

export interface RunOptions {
  toys: number;
  shards: number;
  nextstat?: string;
  config?: string;
  id?: string;
  /** Further words. */
  more?: string[];
}

/** Where a run of this id lies. */
export const runDir = (folder: string, id = "r"): string => join(folder, "runs", id);

/** The options that say what a run is, without a trial fit; for `run`, `render`. */
export function requestArgs(folder: string, options: RunOptions): string[] {
  const words = {
    config: options.config ?? spec10k(),
    "n-toys": `${options.toys}`,
    shards: `${options.shards}`,
    threads: "1",
    "nextstat-bin": options.nextstat ?? nextstat(),
    "out-dir": join(folder, "runs"),
    "run-id": options.id ?? "r",
  };
  return [
    ...Object.entries(words).flatMap(([name, value]) => [`--${name}`, value]),
    "--no-check",
    ...options.more ?? [],
  ];
}

export const runArgs = (folder: string, options: RunOptions): string[] => ["run", ...requestArgs(folder, options)];

/** Renders a run and returns its directory. */
export async function renderRun(folder: string, options: RunOptions): Promise<string> {
  await mustRun(folder, ["render", ...requestArgs(folder, options)]);
  return runDir(folder, options.id);
}

/** Names in a folder, sorted; none where there is no such folder. */
export async function namesIn(folder: string): Promise<string[]> {
  return (await readdir(folder).catch(() => [])).sort();
}

export async function readText(path: string): Promise<string> {
  return await readFile(path, "utf8").catch(() => "");
}

/** A report as a person reads it, without the places at which its long names may break. */
export async function readPage(path: string): Promise<string> {
  return (await readText(path)).replaceAll("<wbr>", "");
}
