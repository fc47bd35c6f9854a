import type { Command } from "commander";
import assert from "node:assert/strict";
import { build } from "../../../commands/program.ts";
import { TABLE } from "../../../commands/table.ts";
import { HELP_TOPICS } from "../../../commands/help.ts";

/** Returns the words of a shell's line up to a redirection, a pipe, a list or a comment; quotes as sh has them. */
function wordsOfLine(line: string): string[] {
  const words = line.match(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g) ?? [];
  const end = words.findIndex((word) => /^(?:[0-9]?>|<|\||&|;|#)/.test(word));
  return words.slice(0, end < 0 ? undefined : end).map((word) => word.replaceAll(/["']/g, ""));
}

/**
 * Parses a command line that help or a page shows, with the program's own parser, and runs nothing.
 * @param line begins with `nsfarm-deno`
 * @returns its arguments, and what its options are
 * @throws {Error} what the program would say of it
 */
export async function parseCommandLine(line: string): Promise<Pick<Command, "args">> {
  const [program, ...argv] = wordsOfLine(line);
  assert.equal(program, "nsfarm-deno", line);
  if (argv[0] === undefined || ["help", "--help", "--version"].includes(argv[0])) return parseHelp(argv.slice(1));
  const row = TABLE.find(({ name }) => `${argv.join(" ")} `.startsWith(`${name} `));
  assert.ok(row, `no command: ${line}`);
  const words = withoutPlugin(argv.slice(row.name.split(" ").length));
  const command = await build(row, (await row.load()).default, words);
  if (words.includes("--help")) return { args: [] };
  return await command.action(() => {}).parseAsync(words, { from: "user" });
}

/** A plugin that a page names is the reader's own: a built-in scheduler stands for it. */
function withoutPlugin(words: string[]): string[] {
  const names = words.includes("--plugin");
  return names ? words.map((word, i) => words[i - 1] === "--scheduler" ? "local" : word) : words;
}

function parseHelp(words: string[]): Pick<Command, "args"> {
  const name = words.join(" ");
  const is_known = name in HELP_TOPICS || TABLE.some((row) => `${row.name} `.startsWith(`${name} `));
  assert.ok(name === "" || name === "--json" || is_known, `no topic: ${name}`);
  return { args: words };
}
