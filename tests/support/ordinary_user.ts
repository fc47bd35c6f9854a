import { chmodSync, copyFileSync, cpSync, mkdirSync, rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { output } from "../clusters/as_user.ts";
import { binary, inputs, nextstat, type Ran, start, type Where } from "./farm.ts";

/** User id of nobody: permissions apply to it, unlike to root. */
const UID = "65534";

const isRoot = Deno.uid() === 0;

/**
 * Returns the words that run a command as a user to whom permissions apply: another user if the tests run as root, else
 * this one.
 */
export const asOrdinary = (...words: string[]): string[] =>
  isRoot ? ["setpriv", "--reuid", UID, "--regid", UID, "--clear-groups", "--", ...words] : words;

/**
 * Runs `work` in a folder that an ordinary user may use, beside readable copies of programs and specs in `programs/`.
 */
export async function asOrdinaryUser(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "nsfarm-user-"));
  const programs = join(folder, "programs");
  mkdirSync(programs);
  chmodSync(folder, 0o755);
  mkdirSync(join(folder, "tmp"));
  copyFileSync(binary(), join(programs, "nsfarm-deno"));
  copyFileSync(nextstat(), join(programs, "nextstat"));
  cpSync(inputs(), join(programs, "inputs"), { recursive: true });
  await own(folder);
  try {
    await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Gives a path and all files below it to the ordinary user. */
export async function own(path: string): Promise<void> {
  if (isRoot) await output(["chown", "-R", `${UID}:${UID}`, path], {});
}

/** Runs the copy of nsfarm-deno to its end as the ordinary user. */
export function runOrdinary(folder: string, args: string[], where: Where = {}): Promise<Ran> {
  const [program = "", ...words] = asOrdinary(where.program ?? join(folder, "programs/nsfarm-deno"), ...args);
  const env = { HOME: folder, ...where.env };
  return start(folder, words, { cwd: join(folder, "programs"), ...where, env, program }).ended;
}
