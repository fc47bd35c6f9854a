import { chmod } from "node:fs/promises";

/** The ordinary user as whom all jobs, and all our commands, run. */
export const USER = "farmer";
/** Another ordinary user, for what runs beside. */
export const OTHER_USER = "farmer2";

/** Words that run a command as a user, in place, so that a signal to the process reaches the command itself. */
export const asNamed = (user: string, ...words: string[]): string[] => [
  ...["setpriv", "--reuid", user, "--regid", user, "--init-groups", "--"],
  ...words,
];

/** The same as the ordinary user. */
export const asUser = (...words: string[]): string[] => asNamed(USER, ...words);

/** What programs find in their environment about the user who runs them. */
export const homeOf = (user: string) => ({ HOME: `/home/${user}`, USER: user, LOGNAME: user });

const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** Runs a program; what it printed. @throws with what it said, unless it exits 0 */
export async function output(argv: string[], env: Record<string, string>): Promise<string> {
  const [program = "", ...args] = argv;
  const { success, stdout, stderr } = await new Deno.Command(program, { args, env, stdin: "null" }).output();
  if (success) return decode(stdout);
  throw new Error(`${argv.join(" ")}: ${decode(stdout)}${decode(stderr)}`);
}

/** Gives a folder and all in it to a user, and lets everybody look into it. */
export async function giveAway(folder: string, user: string = USER): Promise<void> {
  await chmod(folder, 0o755);
  await output(["chown", "-R", `${user}:${user}`, folder], {});
}
