import type { Command } from "commander";
import { FarmError } from "../core/errors.ts";
import { COMPLETION_SCRIPTS, manPage, SHELLS } from "../core/man_page.ts";
import { DOCUMENTS } from "../core/schema/documents.ts";
import { VERSION } from "../core/version.ts";
import { findPlugins } from "../runtime/plugin/load.ts";
import { BUILT_IN_NAMES } from "../runtime/scheduler/adapters.ts";
import { defineCommand, NO_FLAGS, type Program, withActions } from "./flags.ts";
import { exitCodeRows, HELP_TOPICS } from "./help.ts";

/** A word that may stand at the cursor, with its meaning. */
interface Candidate {
  word: string;
  what: string;
}

const ARGUMENTS: Record<string, readonly string[]> = {
  plugin: ["list", "check", "new"],
  schema: Object.keys(DOCUMENTS),
  completions: [...SHELLS, "man"],
};

/** Returns the words that may come next; none where a file may. @param words the last is at the cursor, maybe empty */
export async function completeWords(
  words: readonly string[],
  { rows, build }: Program,
): Promise<Candidate[]> {
  const joined = joinEquals(words);
  if (joined[0] === "help" && joined.length > 1) {
    const topics = joined.length > 2
      ? []
      : Object.entries(HELP_TOPICS).map(([word, { summary }]) => ({ word, what: summary }));
    return starting(joined.at(-1) ?? "", [...namesAfter(rows, joined.slice(1, -1)), ...topics]);
  }
  const row = rows.find((one) => `${joined.slice(0, -1).join(" ")} `.startsWith(`${one.name} `));
  const name = row?.name ?? "";
  const argv = joined.slice(name === "" ? 0 : name.split(" ").length);
  const current = argv.at(-1) ?? "";
  if (!row) return starting(current, namesAfter(rows, joined.slice(0, -1)));
  // The word at the cursor may be incomplete: part of a scheduler's name, say.
  const whole = argv.slice(0, -1);
  const command = await build(row, whole);
  const [, flag = "", value = ""] = /^(--[^=]+)=(.*)$/.exec(current) ?? [];
  // Bash has split the word at its "=" and expects only the part after it.
  if (flag !== "") return starting(value, named(valuesOf(command, flag)));
  const before = argv.at(-2) ?? "";
  if (takesValue(command, before)) return starting(current, named(valuesOf(command, before)));
  if (current.startsWith("-")) return starting(current, flagsOf(command));
  return argv.length === 1 ? starting(current, named(ARGUMENTS[name] ?? [])) : [];
}

/** Joins the three words that bash makes of `--scheduler=sl`. */
function joinEquals(words: readonly string[]): string[] {
  const joined: string[] = [];
  for (const word of words) {
    const last = joined.at(-1);
    const goes_on = last?.startsWith("--") && (word === "=" || last.endsWith("="));
    if (goes_on) joined[joined.length - 1] = last + word;
    else joined.push(word);
  }
  return joined;
}

/** Returns the commands, or the second words of `sweep` and the like. */
function namesAfter(rows: Program["rows"], before: readonly string[]): Candidate[] {
  const found = rows.flatMap(({ name, summary }) => {
    const words = name.split(" ");
    const word = words[before.length];
    const fits = before.every((one, i) => one === words[i]);
    return fits && word !== undefined ? [{ word, what: words.length === before.length + 1 ? summary : "" }] : [];
  });
  return [...new Map(found.map((one) => [one.word, one])).values()];
}

const named = (words: readonly string[]): Candidate[] => words.map((word) => ({ word, what: "" }));

const starting = (text: string, all: Candidate[]): Candidate[] => all.filter(({ word }) => word.startsWith(text));

function takesValue(command: Command, flag: string): boolean {
  return command.options.some((option) => option.long === flag && (option.required || option.optional));
}

function flagsOf(command: Command): Candidate[] {
  return command.options.flatMap(({ long, description }) => long ? [{ word: long, what: description }] : [])
    .concat([{ word: "--help", what: "show this help" }]);
}

function valuesOf(command: Command, flag: string): readonly string[] {
  if (flag === "--scheduler") {
    return [...BUILT_IN_NAMES, ...findPlugins().flatMap(({ plugin }) => plugin ? [plugin.adapter.name] : [])];
  }
  return command.options.find((option) => option.long === flag)?.argChoices ?? [];
}

export default defineCommand({
  needs: ["read"],
  schedulers: true,
  flags: NO_FLAGS,
  define: withActions([
    "completions bash|zsh|fish   completion script for that shell; its first lines say where to put it",
    "completions man             the manual page",
  ]),
  run: async ({ args: [what = "", ...words], out, program }) => {
    const shell = SHELLS.find((one) => one === what);
    if (what === "answer") return await answer(words, program, out.print);
    const text = shell ? COMPLETION_SCRIPTS[shell].trimEnd() : what === "man" ? await manual(program) : null;
    if (text === null) {
      throw new FarmError("usage", `Cannot make completions for "${what}": wanted ${SHELLS.join(", ")} or man`);
    }
    out.print(text);
    out.document({ what, text });
  },
});

async function answer(words: string[], program: Program, print: (text: string) => void): Promise<void> {
  const found = await completeWords(words, program);
  if (found.length > 0) print(found.map(({ word, what }) => what === "" ? word : `${word}\t${what}`).join("\n"));
}

/** Returns the man page, from the same table and flags as --help. */
async function manual({ rows, build }: Program): Promise<string> {
  const commands = rows.map(async (row) => {
    const command = await build(row, []);
    const help = command.createHelp();
    const described = command.options.map((one) => ({ flags: one.flags, description: help.optionDescription(one) }));
    return { name: row.name, args: row.args, summary: row.summary, options: described };
  });
  return manPage(VERSION, await Promise.all(commands), exitCodeRows());
}
