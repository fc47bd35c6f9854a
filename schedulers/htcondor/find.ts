import type { Answer, Command, CommandResult, RenderContext } from "../adapter.ts";
import { saying } from "../command_result.ts";
import { jobTag } from "../job_name.ts";
import { bearing } from "./bearing.ts";

/** Any job of it in the queue is enough: one cluster is one submission. */
export function findHTCondor(_context: RenderContext, token: string): Command {
  const argv = ["condor_q", "-constraint", bearing(token), "-format", "nsfarm|%d", "ClusterId"];
  return { argv: [...argv, "-format", "|%s\\n", "NsfarmToken"], timeout_s: 60 };
}

export function readHTCondorFind(result: CommandResult, token: string): Answer<string | null> {
  if (result.exit_code !== 0) return { kind: "unclear", message: saying(result) };
  for (const line of result.stdout.split("\n")) {
    const [, id, tag] = /^nsfarm\|(\d+)\|(.*)$/.exec(line) ?? [];
    if (id !== undefined && tag === jobTag(token)) return { kind: "ok", value: id };
  }
  return { kind: "ok", value: null };
}
