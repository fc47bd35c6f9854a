import type { Chunk, Command, RenderContext } from "../adapter.ts";
import { readSite } from "../site_options.ts";
import { offsetOf } from "./chunks.ts";
import { directives } from "./directives.ts";
import { groupWords, scriptName } from "./render.ts";

/** Longer than MessageTimeout, after which sbatch gives up by itself (10 s by default, slurm.conf(5)). */
const TIMEOUT_S = 120;

/**
 * sbatch with all that matters as words, so that one script does for any set of shards: its argument says how far the
 * tasks' numbers are from the shards', or which groups they are.
 */
export function submitSlurm(context: RenderContext, chunk: Chunk, token: string): Command {
  const which = readSite(context.options).shards_per_job === 1 ? [`${offsetOf(chunk)}`] : groupWords(chunk);
  const script = `${context.run_dir}/${scriptName(0)}`;
  return {
    argv: ["sbatch", "--parsable", ...directives(context, chunk, token), script, ...which],
    timeout_s: TIMEOUT_S,
  };
}
