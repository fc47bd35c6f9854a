import { quoteWord } from "../../core/shell_quote.ts";
import { type Options, textOption } from "../read_options.ts";

/** `--slurm-exclude` with this node besides those that the run leaves out already. */
export function excludeNode(node: string, options: Options): string {
  const before = textOption(options, "slurm-exclude");
  return `--slurm-exclude ${quoteWord(before ? `${before},${node}` : node)}`;
}
