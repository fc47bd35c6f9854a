import assert from "node:assert/strict";
import { copyFile, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { root } from "../../scripts/tools.ts";
import { asUser, giveAway } from "../clusters/as_user.ts";
import { inUserFolder, sharedTests } from "../clusters/cluster.ts";
import { bringUpSlurm, type SlurmCluster } from "../clusters/slurm_cluster.ts";
import { emptyQueue } from "../clusters/slurm_farm.ts";
import { binary, inputs, start } from "../support/farm.ts";
import { commandsOf, type PageCommand, withoutChanging, withPrinted } from "../support/page_commands.ts";
import { until } from "../support/scratch.ts";

const PAGE = join(root, "docs", "tutorial.md");
const isBlessing = Deno.env.get("NSFARM_BLESS") === "1";

/** Types a line into a shell of the ordinary user and returns what the page would show of it. */
type Shell = (line: string) => Promise<string>;

sharedTests(bringUpSlurm)(
  "each command of the tutorial prints on a real Slurm what the page shows",
  (cluster) =>
    // A path with a blank would be printed in quotes.
    inUserFolder("nsfarm-tutorial-", (folder) => compare(shellIn(folder, cluster), folder), () => emptyQueue(cluster)),
);

async function compare(shell: Shell, folder: string): Promise<void> {
  const page = await readFile(PAGE, "utf8");
  const commands = commandsOf(page);
  assert.ok(commands.length > 15, `only ${commands.length} commands were found: this test has gone blind`);
  for (const name of ["gauss_exp_10k.json", "observed.parquet"]) {
    await copyFile(join(inputs(), name), join(folder, name));
  }
  await giveAway(folder);
  const printed: string[] = [];
  for (const command of commands) printed.push(await execute(shell, command));
  const stable = (texts: readonly string[]) => commands.map(({ line }, i) => [line, withoutChanging(texts[i] ?? "")]);
  const [now, shown] = [stable(printed), stable(commands.map((command) => command.printed))];
  if (!isBlessing) assert.deepEqual(now, shown, "./dev bless tutorial writes the page anew");
  // Other times alone are no reason to write it.
  else if (JSON.stringify(now) !== JSON.stringify(shown)) await writeFile(PAGE, withPrinted(page, printed));
}

/** A look at a run is repeated until it shows what the page shows, as a user would; a new page shows all slots busy. */
const LOOK = "nsfarm-deno status validation";
const LOOKING_S = 30;

async function execute(shell: Shell, { line, printed }: PageCommand): Promise<string> {
  let text = await shell(line);
  const isShown = () =>
    isBlessing ? text.includes("nodes are busy") : withoutChanging(text) === withoutChanging(printed);
  if (line === LOOK) {
    await until(
      "the run is as the page shows it",
      async () => isShown() || (text = await shell(line), isShown()),
      LOOKING_S,
    )
      .catch(() => {}); // what it shows instead is compared
  }
  return text;
}

/** These print their progress to stderr, which the page leaves out. */
const WAITS = /--watch|--wait|^nsfarm-deno run (?![^]*--dry-run)/;

function shellIn(folder: string, cluster: SlurmCluster): Shell {
  const bin = dirname(binary());
  const width = Math.max(Deno.hostname().length, "login1".length); // columns stay below each other
  const env = { ...cluster.env, PATH: `${bin}:${Deno.env.get("PATH")}` };
  return async (line) => {
    const [program = "", ...words] = asUser("sh", "-c", WAITS.test(line) ? line : `exec 2>&1\n${line}`);
    const { stdout } = await start(folder, words, { program, env }).ended;
    return stdout.trimEnd().replaceAll(folder, "/home/you/study").replaceAll(bin, "/home/you/bin")
      .replaceAll(Deno.hostname().padEnd(width), "login1".padEnd(width));
  };
}
