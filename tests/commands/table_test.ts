import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { build, runCommandLine } from "../../commands/program.ts";
import { TABLE, type TableRow } from "../../commands/table.ts";
import { PERMISSIONS } from "../../runtime/system/process.ts";
import { referencePages } from "../../scripts/reference_pages.ts";
import { root } from "../../scripts/tools.ts";

/** A page's lines without the blanks, dashes and line breaks by which a formatter lines them up. */
const plain = (text: string) => text.replaceAll(/-{2,}/g, "-").replaceAll(/\s+/g, " ").trim();

Deno.test("docs/reference matches the program: commands with their permissions, files, exit codes, the environment", async () => {
  const pages = await referencePages();
  const folder = join(root, "docs", "reference");
  assert.deepEqual((await readdir(folder)).sort(), Object.keys(pages).sort());
  for (const [name, text] of Object.entries(pages)) {
    assert.equal(
      plain(await readFile(join(folder, name), "utf8")),
      plain(text),
      `${name}: ./dev bless, then ./dev fmt`,
    );
  }
});

/** A command as commander knows it, with the flags of a scheduler. */
async function commandOf(row: TableRow, argv: string[] = []) {
  const { default: spec } = await row.load();
  return { spec, command: await build(row, spec, argv) };
}

for (const row of TABLE) {
  Deno.test(`${row.name} has --json and --help, a summary, and needs only permissions of the program`, async () => {
    const { spec, command } = await commandOf(row);
    const help = command.helpInformation();
    assert.match(help, /--json +print one JSON document on stdout/);
    assert.match(help, /-h, --help/);
    assert.match(help, new RegExp(`^Usage: nsfarm-deno ${row.name} `));
    assert.ok(help.toLowerCase().includes(row.summary.slice(0, 20).toLowerCase()));
    assert.ok(spec.needs.every((need) => PERMISSIONS.includes(need)));
    assert.equal(new Set(spec.needs).size, spec.needs.length);
    assert(!help.includes("\u001b"), help);
  });

  Deno.test(`${row.name} has a description of each of its flags`, async () => {
    const { command } = await commandOf(row);
    for (const option of command.options) assert.ok(option.description.length > 5, option.flags);
  });
}

Deno.test("a scheduler's own flags are shown only with that scheduler", async () => {
  const render = TABLE.find((row) => row.name === "render");
  assert(render);
  const help = async (argv: string[]) => (await commandOf(render, argv)).command.helpInformation();
  assert.match(await help(["--scheduler", "slurm"]), /--slurm-time <HH:MM:SS>/);
  assert.match(await help(["--scheduler=htcondor"]), /--condor-request-memory/);
  assert.doesNotMatch(await help([]), /--slurm-|--condor-/);
});

for (
  const [argv, message, next] of [
    [["statsu", "x"], /Cannot find a command "statsu"/, 'Did you mean "status"?'],
    [["frobnicate"], /Cannot find a command "frobnicate"/, "See nsfarm-deno --help"],
    [["merge", "--allow-partal"], /unknown option '--allow-partal'/, "Did you mean --allow-partial?"],
    [["help", "slurm"], /topic "slurm"/, "The options of slurm: nsfarm-deno run --help --scheduler slurm"],
    [
      ["run", "--config", "x", "--n-toys", "1", "--scheduler", "slurm", "--partition", "y"],
      /'--partition'/,
      "Did you mean --slurm-partition?",
    ],
    [["merge", "--frobnicate"], /unknown option '--frobnicate'/, "See nsfarm-deno merge --help"],
    [["status"], /missing required argument 'run_dir'/, "See nsfarm-deno status --help"],
    [["status", "a", "b"], /too many arguments/, "See nsfarm-deno status --help"],
    [["merge", "--out"], /argument missing/, "See nsfarm-deno merge --help"],
    [["render", "--n-toys", "1"], /required option '--config <spec>' not specified/, "See nsfarm-deno render --help"],
    [["run", "--confg", "x", "--n-toys", "1"], /unknown option '--confg'/, "Did you mean --config?"],
    [
      ["run", "--config", "x", "--n-toys", "1", "--out-dir", "a", "--local-out-dir", "b"],
      /Cannot use --local-out-dir "b" with --out-dir "a"/,
      "Leave one of them out",
    ],
    [["render", "--scheduler", "slrum"], /slrum/, /slurm/],
    [
      ["render", "--config", "x", "--n-toys", "1", "--slurm-time", "5"],
      /unknown option '--slurm-time'/,
      "It is an option of --scheduler slurm",
    ],
  ] as [string[], RegExp, string | RegExp][]
) {
  Deno.test(`nsfarm-deno ${argv.join(" ")} is a usage error that names the next step`, async () => {
    await assert.rejects(runCommandLine(argv), { kind: "usage", message, next });
  });
}
