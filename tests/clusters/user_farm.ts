import assert from "node:assert/strict";
import { chmod, mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  binary,
  type Ran,
  requestArgs,
  runDir,
  type RunOptions,
  start,
  type Started,
  type Where,
} from "../support/farm.ts";
import { asUser } from "./as_user.ts";

/** nsfarm-deno, run by the ordinary user of a test cluster. */
export interface UserFarm {
  /** Folder of the test, owned by the user. */
  folder: string;
  start(args: string[], where?: Where): Started;
  /** Runs it to its end, and fails with its output unless the exit code is the expected one. */
  must(args: string[], code?: number, where?: Where): Promise<Ran>;
  /** Renders a run and returns its directory. */
  render(options: RunOptions): Promise<string>;
}

/**
 * Returns the tools of a test.
 * @param env environment of the cluster's programs
 * @param asWhom returns the words that run a command as the user
 */
export function userFarm(scheduler: string, folder: string, env: Record<string, string>, asWhom = asUser): UserFarm {
  const begin = (args: string[], where: Where = {}) => {
    const [program = "", ...words] = asWhom(binary(), ...args);
    return start(folder, words, { ...where, program, env: { ...env, ...where.env } });
  };
  const must = async (args: string[], code = 0, where: Where = {}) => {
    const ran = await begin(args, where).ended;
    assert.equal(ran.code, code, `${args.join(" ")}\n${ran.stdout}${ran.stderr}`);
    return ran;
  };
  const render = async (options: RunOptions) => {
    await must(["render", "--scheduler", scheduler, ...requestArgs(folder, options)]);
    return runDir(folder, options.id);
  };
  return { folder, start: begin, must, render };
}

/**
 * Returns the environment of a command that finds a script before the real program of this name.
 * @param lines of sh, in which "$real" is the real program and $PPID the nsfarm-deno that started it
 */
export async function programInFront(folder: string, name: string, lines: string): Promise<{ PATH: string }> {
  const bin = await mkdtemp(join(folder, "bin-"));
  const path = Deno.env.get("PATH");
  const script = `#!/bin/sh\nreal=$(PATH='${path}'; command -v ${name})\n${lines}\n`;
  await writeFile(join(bin, name), script, { mode: 0o755 });
  await chmod(bin, 0o755);
  return { PATH: `${bin}:${path}` };
}
