import type { Answer, Command, CommandResult } from "../adapter.ts";
import { saying } from "../command_result.ts";
import { bearsToken } from "../job_name.ts";

/** Marks a line of ours among banners and names with line breaks in them (recorded: slurm-squeue-name-newline). */
const MARK = "nsfarm";

/** All jobs of the user, by their names and comments: a site's plugin may have changed one of the two. */
export function findSlurm(): Command {
  return {
    argv: ["squeue", "--me", "--noheader", "--states=all", `--format=${MARK}|%F|%k|%j`],
    timeout_s: 60,
  };
}

export function readSlurmFind(result: CommandResult, token: string): Answer<string | null> {
  if (result.exit_code !== 0) return { kind: "unclear", message: saying(result) };
  for (const line of result.stdout.split("\n")) {
    const [, id, text] = /^nsfarm\|(\d+)\|(.*)$/.exec(line) ?? [];
    if (id !== undefined && text !== undefined && bearsToken(text, token)) return { kind: "ok", value: id };
  }
  return { kind: "ok", value: null };
}
