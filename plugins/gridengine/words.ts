import type { Answer, Command, CommandResult } from "nsfarm-deno";

export const ok = <T>(value: T): Answer<T> => ({ kind: "ok", value });
/** Returns the name of a submission's jobs, which contains its token and identifies them. */
export const jobName = (token: string): string => `nsfarm-${token}`;
export const quote = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;
export const command = (argv: string[], timeout_s = 120): Command => ({ argv, timeout_s });

/** Returns a command's message on one line. */
export function messageOf({ stdout, stderr, spawn_error, timed_out, exit_code }: CommandResult): string {
  if (spawn_error !== null) return spawn_error;
  if (timed_out) return "no answer in time";
  const lines = `${stderr}\n${stdout}`.split("\n").map((line) => line.trim());
  return lines.filter((line) => line !== "" && line !== "Exiting.").slice(0, 2).join("; ") || `exit ${exit_code}`;
}
