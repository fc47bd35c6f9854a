import assert from "node:assert/strict";
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { TABLE } from "../../commands/table.ts";
import { BUILT_IN } from "../../schedulers/mod.ts";
import { SMALL_PLUGIN } from "../runtime/support/plugin_files.ts";
import { binary, mustRun } from "../support/farm.ts";
import { inFolder } from "../support/scratch.ts";

const found = (program: string): boolean =>
  new Deno.Command("sh", { args: ["-c", `command -v ${program}`], stdout: "null" }).outputSync().success;

/** Installs what is missing where that is possible: root on Debian. */
function install(...programs: string[]): void {
  if (Deno.uid() !== 0 || !found("apt-get") || programs.every(found)) return;
  const words = ["install", "-y", "-q", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300", ...programs];
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  const lock = ["/run/lock/nsfarm-cluster.lock", "apt-get", ...words];
  new Deno.Command("flock", { args: lock, env, stdout: "null", stderr: "null" }).outputSync();
}
install("zsh", "fish", "man-db");

function test(program: string, name: string, fn: (site: Site) => Promise<void>): void {
  const missing = found(program) ? "" : ` (left out: there is no ${program} here)`;
  Deno.test({
    name: `${name}${missing}`,
    ignore: missing !== "",
    fn: () => inFolder((folder) => withSite(folder, fn)),
  });
}

interface Site {
  folder: string;
  env: Record<string, string>;
  /** What a program printed; fails with it unless it exits 0. */
  output(program: string, args: string[]): Promise<string>;
}

/** A binary with a plugin beside it, on the PATH, and the scripts for all shells. */
async function withSite(folder: string, work: (site: Site) => Promise<void>): Promise<void> {
  const bin = join(folder, "bin");
  await mkdir(join(bin, "schedulers"), { recursive: true });
  await copyFile(binary(), join(bin, "nsfarm-deno"));
  await writeFile(join(bin, "schedulers", "toy.js"), SMALL_PLUGIN, { mode: 0o644 });
  const env = { PATH: `${bin}:/usr/bin:/bin`, HOME: folder, XDG_CONFIG_HOME: join(folder, "config") };
  const output = async (program: string, args: string[]) => (await mustRun(folder, args, 0, { program, env })).stdout;
  for (const shell of ["bash", "zsh", "fish"]) {
    const script = await output(join(bin, "nsfarm-deno"), ["completions", shell]);
    await writeFile(join(folder, `script.${shell}`), script);
  }
  await work({ folder, env, output });
}

/** What may follow some words, in every shell the same. */
const CASES: [string, string[]][] = [
  ["rend", ["render"]],
  ["render --scheduler ", [...Object.keys(BUILT_IN), "toy"]],
  ["render --scheduler sl", ["slurm"]],
  ["render --scheduler toy --toy-", ["--toy-queue"]],
  ["render --scheduler slurm --slurm-par", ["--slurm-partition"]],
  ["run --mode ", ["shared", "transfer"]],
  ["sweep sub", ["submit"]],
  ["help rend", ["render"]],
  ["plugin ", ["list", "check", "new"]],
  ["schema manif", ["manifest"]],
  ["merge --allow-", ["--allow-partial"]],
];

const sorted = (text: string) =>
  text.split("\n").map((line) => line.split("\t")[0]).filter((line) => line !== "").sort();

test(
  "bash",
  "bash completes commands, flags, schedulers with those of plugins, and values",
  async ({ folder, output }) => {
    const script =
      'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _nsfarm_deno; printf "%s\\n" "${COMPREPLY[@]}"';
    for (const [line, wanted] of CASES) {
      const words = ["nsfarm-deno", ...line.split(" ")];
      const out = await output("bash", ["-c", script, "bash", join(folder, "script.bash"), ...words]);
      assert.deepEqual(sorted(out), [...wanted].sort(), line);
    }
    const cut = ["nsfarm-deno", "render", "--scheduler", "=", "sl"];
    assert.deepEqual(sorted(await output("bash", ["-c", script, "bash", join(folder, "script.bash"), ...cut])), [
      "slurm",
    ]);
  },
);

test("script", "bash completes when the Tab key is pressed", async ({ folder, env, output }) => {
  await writeFile(
    join(folder, "keys"),
    `source '${folder}/script.bash'\nnsfarm-deno compl\tman >'${folder}/n.1'\nexit\n`,
  );
  await output("sh", ["-c", `script -qec 'bash --norc --noprofile -i' /dev/null <'${folder}/keys' >/dev/null`]);
  assert.ok((await Deno.readTextFile(join(folder, "n.1"))).startsWith(".TH"), env["PATH"]);
});

test("fish", "fish completes the same, with the meaning of each word", async ({ folder, output }) => {
  for (const [line, wanted] of CASES) {
    const out = await output("fish", ["-c", `source '${folder}/script.fish'; complete -C 'nsfarm-deno ${line}'`]);
    assert.deepEqual(sorted(out), [...wanted].sort(), line);
  }
  const out = await output("fish", ["-c", `source '${folder}/script.fish'; complete -C 'nsfarm-deno rend'`]);
  assert.match(out, /^render\twrite a run directory/);
});

test("zsh", "zsh completes the same when the Tab key is pressed", async ({ folder, output }) => {
  for (const [line, wanted] of CASES) {
    // What zsh lists goes to a terminal; here the words that it would offer are caught where it takes them.
    const script = `autoload -U compinit; compinit -u -d '${folder}/dump'; source '${folder}/script.zsh'
      compadd() { shift; print -l -- "$@"; }; _files() { print files; }
      words=(nsfarm-deno ${line.endsWith(" ") ? `${line}''` : line}); CURRENT=$#words; _nsfarm-deno`;
    const out = await output("zsh", ["-f", "-c", script]);
    assert.deepEqual(sorted(out), [...wanted].sort(), line);
  }
  const keys = `zmodload zsh/zpty; zpty shell zsh -f -i
    zpty -w shell "autoload -U compinit; compinit -u -d '${folder}/dump'; source '${folder}/script.zsh'"
    zpty -w -n shell $'nsfarm-deno completi\\tman >\\'${folder}/z.1\\'; exit\\n'
    for i in {1..100}; do sleep 0.1; [[ -s '${folder}/z.1' ]] && break; zpty -r -t shell x; done`;
  await output("zsh", ["-f", "-c", keys]);
  assert.ok((await Deno.readTextFile(join(folder, "z.1"))).startsWith(".TH"));
});

test(
  "bash",
  "no word is offered where a file may follow, so that the shell completes files",
  async ({ folder, output }) => {
    for (const words of [["status", ""], ["render", "--config", ""], ["plugin", "check", ""], ["nonsense", ""]]) {
      assert.equal(await output(join(folder, "bin", "nsfarm-deno"), ["completions", "answer", "--", ...words]), "");
    }
  },
);

test(
  "man",
  "the manual page has every command and every flag of --help, and man finds no fault in it",
  async ({ folder, output }) => {
    const program = join(folder, "bin", "nsfarm-deno");
    await writeFile(join(folder, "nsfarm-deno.1"), await output(program, ["completions", "man"]));
    const script = `MANWIDTH=120 man --warnings -l '${folder}/nsfarm-deno.1' 2>'${folder}/faults' | col -b`;
    const page = await output("sh", ["-c", script]);
    assert.equal(await Deno.readTextFile(join(folder, "faults")), "");
    for (const row of TABLE) {
      assert.ok(page.includes(`nsfarm-deno ${`${row.name} ${row.args}`.trim()}`), row.name);
      const flags = (await output(program, [row.name, "--help"])).matchAll(/^ {2}(?:-\w, )?(--[a-z][a-z-]*)/gm);
      for (const [, flag = ""] of flags) if (flag !== "--help") assert.ok(page.includes(flag), `${row.name} ${flag}`);
    }
    assert.match(page, /EXIT STATUS[\s\S]*0 +done\n[\s\S]*6 +guardrails failed/);
  },
);

test("bash", "completions for an unknown shell are refused with the known ones", async ({ folder }) => {
  const { stderr } = await mustRun(folder, ["completions", "tcsh"], 2);
  assert.match(stderr, /Cannot make completions for "tcsh": wanted bash, zsh, fish or man/);
});
