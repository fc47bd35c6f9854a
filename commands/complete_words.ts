import type { Command } from "commander";
import { SHELLS } from "../core/completion_scripts.ts";
import { DOCUMENTS } from "../core/contracts/documents.ts";
import { findPlugins } from "../host/plugin/load_plugin.ts";
import { BUILT_IN_NAMES } from "../host/jobs/scheduler_names.ts";
import type { Program } from "./command.ts";

/** A word that may stand at the cursor, and what it means. */
interface Candidate {
  word: string;
  what: string;
}

const ARGUMENTS: Record<string, readonly string[]> = {
  plugin: ["list", "check", "new"],
  schema: Object.keys(DOCUMENTS),
  completions: [...SHELLS, "man"],
};

/**
 * What may come next on a command line; nothing where a file may.
 * @param words after the program's name; the last is the one at the cursor, maybe empty
 */
export async function completeWords(
  words: readonly string[],
  { rows, build }: Program,
): Promise<Candidate[]> {
  const joined = joinEquals(words);
  if (joined[0] === "help" && joined.length > 1) {
    return starting(joined.at(-1) ?? "", namesAfter(rows, joined.slice(1, -1)));
  }
  const row = rows.find((one) => `${joined.slice(0, -1).join(" ")} `.startsWith(`${one.name} `));
  const name = row?.name ?? "";
  const argv = joined.slice(name === "" ? 0 : name.split(" ").length);
  const current = argv.at(-1) ?? "";
  if (!row) return starting(current, namesAfter(rows, joined.slice(0, -1)));
  // The word at the cursor is not whole: a scheduler's name, say.
  const whole = argv.slice(0, -1);
  const command = await build(row, whole);
  const [, flag = "", value = ""] = /^(--[^=]+)=(.*)$/.exec(current) ?? [];
  // Bash has cut the word at its "=", so that only what comes after it is to be answered.
  if (flag !== "") return starting(value, named(valuesOf(command, flag)));
  const before = argv.at(-2) ?? "";
  if (takesValue(command, before)) return starting(current, named(valuesOf(command, before)));
  if (current.startsWith("-")) return starting(current, flagsOf(command));
  return argv.length === 1 ? starting(current, named(ARGUMENTS[name] ?? [])) : [];
}

/** Bash makes `--scheduler=sl` three words. */
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

/** Commands, or what comes second after `sweep`. */
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
