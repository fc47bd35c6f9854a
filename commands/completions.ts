import { COMPLETION_SCRIPTS, SHELLS } from "../core/completion_scripts.ts";
import { EXIT_CODES, FarmError } from "../core/errors.ts";
import { manPage } from "../core/man_page.ts";
import { VERSION } from "../core/version.ts";
import type { CommandSpec, Program } from "./command.ts";
import { completeWords } from "./complete_words.ts";

const completions: CommandSpec = {
  name: "completions",
  needs: ["read"],
  schedulers: true,
  define: (command) => {
    command.addHelpText(
      "after",
      [
        "",
        "  completions bash|zsh|fish   a script for that shell; its first lines say where it goes",
        "  completions man             the manual page: nsfarm-deno completions man > nsfarm-deno.1",
      ].join("\n"),
    );
  },
  run: async ({ args: [what = "", ...words], out, program }) => {
    const shell = SHELLS.find((one) => one === what);
    if (what === "answer") {
      await answer(words, program, out.print);
      return EXIT_CODES.done;
    }
    const text = shell ? COMPLETION_SCRIPTS[shell].trimEnd() : what === "man" ? await manual(program) : null;
    if (text === null) {
      throw new FarmError("usage", `Cannot make completions for "${what}": wanted ${SHELLS.join(", ")} or man`);
    }
    out.print(text);
    out.document({ what, text });
    return EXIT_CODES.done;
  },
};
export default completions;

async function answer(words: string[], program: Program, print: (text: string) => void): Promise<void> {
  const found = await completeWords(words, program);
  if (found.length > 0) print(found.map(({ word, what }) => what === "" ? word : `${word}\t${what}`).join("\n"));
}

/** From the same table and flags as --help. */
async function manual({ rows, build, exit_words }: Program): Promise<string> {
  const commands = rows.map(async (row) => {
    const command = await build(row, []);
    const help = command.createHelp();
    const described = command.options.map((one) => ({ flags: one.flags, description: help.optionDescription(one) }));
    return { name: row.name, args: row.args, summary: row.summary, options: described };
  });
  return manPage(VERSION, await Promise.all(commands), exit_words);
}
