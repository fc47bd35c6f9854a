import type { Chunk, Command, RenderContext } from "../adapter.ts";
import { jobTag } from "../job_name.ts";
import { filesSent } from "./files_sent.ts";
import { modeOf, SUBMIT_FILES } from "./mode.ts";
import { jobWords } from "./chunks.ts";
import { optionCommands } from "./option_commands.ts";

/**
 * condor_submit of the run's file, with the shards and the token put in place of those in it: `-append` commands come
 * after all others of the file, before `queue` (condor_submit(1)).
 * A submission is one transaction: a client that is stopped before its end leaves nothing (reliability.md, 2b).
 * @throws {FarmError} usage, in transfer mode, for files that cannot be sent
 */
export function submitHTCondor(context: RenderContext, chunk: Chunk, token: string): Command {
  const mode = modeOf(context);
  if (mode === "transfer") filesSent(context);
  const append = [
    `nsfarm_tag = ${jobTag(token)}`,
    `nsfarm_shards = ${jobWords(chunk).join(" ")}`,
    // As they are now: a retry can have raised the memory or the time since the file was written.
    ...optionCommands(context),
  ];
  return {
    argv: [
      "condor_submit",
      "-terse",
      ...append.flatMap((line) => ["-append", line]),
      `${context.run_dir}/${SUBMIT_FILES[mode]}`,
    ],
    timeout_s: 120,
  };
}
