import { chmod } from "node:fs/promises";

/** Ordinary user who runs all jobs and all our commands. */
export const USER = "farmer";
/** Another ordinary user, for runs beside. */
export const OTHER_USER = "farmer2";

/**
 * Returns the words that run a command as a user without an extra process, so that signals reach the command itself.
 */
export const asNamed = (user: string, ...words: string[]): string[] => [
  ...["setpriv", "--reuid", user, "--regid", user, "--init-groups", "--"],
  ...words,
];

/** Returns the words that run a command as the ordinary user. */
export const asUser = (...words: string[]): string[] => asNamed(USER, ...words);

/** Returns the variables that describe a user in the environment. */
export const homeOf = (user: string) => ({ HOME: `/home/${user}`, USER: user, LOGNAME: user });

const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** Runs a program and returns its output. @throws with its message, unless it exits 0 */
export async function output(argv: string[], env: Record<string, string>): Promise<string> {
  const [program = "", ...args] = argv;
  const { success, stdout, stderr } = await new Deno.Command(program, { args, env, stdin: "null" }).output();
  if (success) return decode(stdout);
  throw new Error(`${argv.join(" ")}: ${decode(stdout)}${decode(stderr)}`);
}

/** Gives a folder and all its files to a user, readable for everybody. */
export async function giveAway(folder: string, user: string = USER): Promise<void> {
  await chmod(folder, 0o755);
  await output(["chown", "-R", `${user}:${user}`, folder], {});
}
