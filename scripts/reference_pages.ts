/**
 * Makes the pages of docs/reference from the tables of the program; `./dev bless` writes them, a test compares them.
 */
import { join } from "node:path";
import { exitCodeRows } from "../commands/help.ts";
import { TABLE } from "../commands/table.ts";
import { ENVIRONMENT, OTHER_FILES, type ReferenceRow, RUN_FILES } from "../core/reference.ts";
import { root, runHere } from "./tools.ts";

const tableOf = (heads: readonly string[], rows: readonly (readonly string[])[]): string =>
  [heads, heads.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");

const codeFirst = (rows: readonly ReferenceRow[]) => rows.map(([name, meaning]) => [`\`${name}\``, meaning]);

/** Scripts of NextStat's scripts/farm that commands replace, and commands whose work was done by hand. */
const REPLACED: Readonly<Record<string, string>> = {
  run: "`run_unbinned_fit_toys_cluster.py`",
  render: "`render_unbinned_fit_toys_scheduler.py`",
  collect: "`collect_unbinned_fit_toys_scheduler.py`",
  merge: "`merge_unbinned_toys_results.py`",
  ...Object.fromEntries(
    ["render", "submit", "collect", "merge", "summarize"].map((
      one,
    ) => [`sweep ${one}`, "`pf32_unbinned_shard_sweep.py`"]),
  ),
  preflight: "`preflight_cluster.py`",
  job: "`run_one_shard.sh`",
};
const BY_HAND: ReadonlySet<string> = new Set(["submit", "status", "cancel", "retry", "logs", "doctor"]);

async function commandRows(): Promise<string[][]> {
  const rows = TABLE.map(async (row) => {
    const { default: spec } = await row.load();
    const permissions = spec.needs.length === 0 ? "none" : spec.needs.join(", ");
    const from = REPLACED[row.name] ?? (BY_HAND.has(row.name) ? "by hand before" : "new");
    return [`\`${`${row.name} ${row.args}`.trim()}\``, row.summary, permissions, from];
  });
  return await Promise.all(rows);
}

const page = (title: string, ...parts: string[]): string => `${[`# ${title}`, ...parts].join("\n\n")}\n`;

/** Returns the pages of docs/reference by their file names, not yet formatted. */
export async function referencePages(): Promise<Record<string, string>> {
  return {
    "commands.md": page(
      "Commands",
      "`nsfarm-deno COMMAND --help` shows the options of a command, with examples. RUN_DIR is a run directory or its " +
        "`manifest.json`. Every command takes `--json`: one document on stdout; progress is on stderr.",
      tableOf(["command", "what it does", "permissions", "from"], await commandRows()),
      "permissions: what the command may do; the rest is dropped at start. No command can open a network connection. " +
        "This guards against mistakes; a job script is code that runs as you.",
      "from: the script of NextStat's `scripts/farm` that the command replaces. [Migration](../migration.md) has every " +
        "flag.",
    ),
    "exit-codes.md": page(
      "Exit codes",
      "The same as `nsfarm-deno help exit-codes`.",
      tableOf(["code", "meaning"], exitCodeRows()),
    ),
    "files.md": page(
      "Files",
      "The same as `nsfarm-deno help files`. The files are the truth; the scheduler is asked only to explain missing " +
        "shards. There is no database and no daemon. `nsfarm-deno schema` lists the JSON Schemas of the documents.",
      "## In a run directory",
      tableOf(["file", "what it holds"], codeFirst(RUN_FILES)),
      "## Elsewhere",
      tableOf(["file", "what it holds"], codeFirst(OTHER_FILES)),
    ),
    "environment.md": page(
      "Environment variables",
      "The same as `nsfarm-deno help environment`.",
      tableOf(["variable", "meaning"], codeFirst(ENVIRONMENT)),
    ),
  };
}

/** Writes the pages, formatted. */
export async function writeReferencePages(): Promise<void> {
  const folder = join(root, "docs", "reference");
  for (const [name, text] of Object.entries(await referencePages())) await Deno.writeTextFile(join(folder, name), text);
  await runHere(Deno.execPath(), ["fmt", "--quiet", folder], { cwd: root });
}
