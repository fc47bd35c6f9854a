import type { Command } from "commander";
import { EXIT_CODES } from "../core/errors.ts";
import { FLAG_GROUPS } from "../core/flags.ts";
import { textTable } from "../core/format.ts";
import { ENVIRONMENT, EXIT_MEANINGS, OTHER_FILES, type ReferenceRow, RUN_FILES } from "../core/reference.ts";
import { VERSION } from "../core/version.ts";
import { examplesOf } from "./examples.ts";
import type { TableRow } from "./flags.ts";

/** Returns the exit codes and their meanings, one a row. */
export const exitCodeRows = (): ReferenceRow[] => {
  const names = Object.entries(EXIT_CODES);
  return Object.entries(EXIT_MEANINGS).map(([name, meaning]) => [
    `${names.find(([one]) => one === name)?.[1]}`,
    meaning,
  ]);
};

const rowsOf = (rows: readonly ReferenceRow[]): string[] => textTable(rows.map((row) => [...row]), { indent: "  " });

/** Returns a row for each scheduler. Imports are made here, since each command loads this file when it starts. */
async function schedulerRows(): Promise<ReferenceRow[]> {
  const { findPlugins } = await import("../runtime/plugin/load.ts");
  const { searchPlugins } = await import("../runtime/plugin/trust.ts");
  searchPlugins([]);
  const { BUILT_IN_NAMES, loadAdapter } = await import("../runtime/scheduler/adapters.ts");
  const plugins = findPlugins().flatMap(({ plugin }) => plugin ? [plugin.adapter] : []);
  const built_in = await Promise.all(BUILT_IN_NAMES.map((name) => loadAdapter(name)));
  return [...built_in, ...plugins].map(({ name, summary }) => [name, summary]);
}

/** Topics of `nsfarm-deno help TOPIC`, each made from the program's own tables. */
export const HELP_TOPICS: Readonly<Record<string, { summary: string; lines(): string[] | Promise<string[]> }>> = {
  "exit-codes": { summary: "what each exit code means", lines: () => rowsOf(exitCodeRows()) },
  files: {
    summary: "the files of a run directory, and profiles",
    lines: () => ["In a run directory:", ...rowsOf(RUN_FILES), "", "Elsewhere:", ...rowsOf(OTHER_FILES)],
  },
  environment: { summary: "environment variables", lines: () => rowsOf(ENVIRONMENT) },
  schedulers: {
    summary: "where shards can run",
    lines: async () => [
      ...rowsOf(await schedulerRows()),
      "",
      "nsfarm-deno render --help --scheduler NAME shows the options of one.",
    ],
  },
};

/** The five commands that a new user needs first, in the order of their use. */
const FIRST = ["preflight", "run", "status", "doctor", "report"];

const TITLE =
  `nsfarm-deno ${VERSION}: splits nextstat toys into shards, runs them on a farm, checks and merges the set`;

const commandLines = (rows: readonly TableRow[]): string[] =>
  textTable(rows.map(({ name, args, summary }) => [`${name} ${args}`.trim(), summary]), { indent: "  " });

/** Returns what `nsfarm-deno` alone prints. */
export const firstHelp = (rows: readonly TableRow[]): string =>
  [
    TITLE,
    "",
    "Commands to begin with:",
    ...commandLines(FIRST.flatMap((name) => rows.filter((row) => row.name === name))),
    "",
    ...examplesOf("run").slice(0, 2),
    "",
    "nsfarm-deno --help          all commands",
    "nsfarm-deno COMMAND --help  options and examples of one",
  ].join("\n");

/** Returns the help of the whole program, or of all commands whose names begin with the same word. */
export const allHelp = (rows: readonly TableRow[]): string =>
  [
    TITLE,
    "",
    "Usage: nsfarm-deno COMMAND [OPTIONS]",
    "",
    ...commandLines(rows),
    "",
    "Topics (nsfarm-deno help TOPIC):",
    ...textTable(Object.entries(HELP_TOPICS).map(([name, { summary }]) => [name, summary]), { indent: "  " }),
    "",
    "nsfarm-deno COMMAND --help shows a command's options and examples; nsfarm-deno --version the version.",
  ].join("\n");

const OTHER_OPTIONS = "Options";

/** Groups a command's options under headings in the order of FLAG_GROUPS, if its flags name groups. */
export function groupOptions(command: Command): void {
  const is_grouped = command.options.some(({ helpGroupHeading }) => helpGroupHeading === FLAG_GROUPS[0]);
  for (const option of command.options) {
    option.helpGroup(is_grouped ? option.helpGroupHeading ?? "Advanced" : OTHER_OPTIONS);
  }
  command.optionsGroup(OTHER_OPTIONS);
  command.configureHelp({
    groupItems: (_, visible, groupOf) => {
      const heads = [...FLAG_GROUPS, OTHER_OPTIONS];
      const groups = heads.map((head) => [`${head}:`, visible.filter((one) => groupOf(one) === head)] as const);
      return new Map(groups.filter(([, items]) => items.length > 0));
    },
  });
}

/** Adds the examples to the end of a command's help. */
export function addExamples(command: Command, name: string): void {
  const lines = examplesOf(name);
  if (lines.length > 0) command.addHelpText("after", ["", "Examples:", ...lines].join("\n"));
}
