import assert from "node:assert/strict";
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
