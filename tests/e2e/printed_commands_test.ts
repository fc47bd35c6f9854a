import assert from "node:assert/strict";
import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { type FakeSlurm, fakeSlurm } from "../support/fake_slurm.ts";
import { binary, nsfarm, readPage, renderRun, requestArgs } from "../support/farm.ts";
import { examine } from "../support/follow_advice.ts";
import { inFolder } from "../support/scratch.ts";
import { standIn } from "../support/stand_in.ts";

/** Commands on this run that a text prints, each from the program's name to its last flag. */
function commandsIn(text: string, dir: string): string[] {
  const flags = "(?: --[a-z-]+(?:=[^\\s;,<)]+)?)*";
  const pattern = new RegExp(`nsfarm-deno [a-z]+ ${dir.replaceAll(/[.+]/g, "\\$&")}${flags}`, "g");
  return [...text.matchAll(pattern)].map(([command]) => command);
}

/** Whatever status, doctor and report print as a command, and what `more` commands print. */
async function printed(folder: string, dir: string, env: Record<string, string>, more: string[][]): Promise<string[]> {
  const page = join(folder, "report.html");
  const texts = [];
  for (const args of [...more, ["status"], ["doctor"], ["report", `--out=${page}`]]) {
    const { stdout, stderr } = await nsfarm(folder, [args[0] ?? "", dir, ...args.slice(1)], { env });
    texts.push(stdout, stderr);
  }
  return [...new Set(commandsIn([...texts, await readPage(page)].join("\n"), dir))].sort();
}

/** The program itself takes each of them for this run; what would wait for jobs that never run is not waited for. */
async function accepted(folder: string, commands: string[], env: Record<string, string>): Promise<void> {
  for (const command of commands) {
    const words = command.replaceAll(/ --(wait|watch)/g, "");
    const ran = await nsfarm(folder, ["-c", words], { program: "sh", env });
    assert.ok([0, 4, 5].includes(ran.code), `${command}: exit ${ran.code}\n${ran.stdout}${ran.stderr}`);
  }
}

/** The command that doctor prints moves the run on, unless it only waits for jobs: it prints another one then. */
async function movesOn(folder: string, dir: string, env: Record<string, string>): Promise<void> {
  const run = (args: string[]) => nsfarm(folder, args, { env });
  const before = await examine(run, dir);
  if (before.words === null || before.words.includes("--watch")) return;
  const words = before.words.filter((word) => word !== "--wait");
  const ran = await run(words);
  assert.equal(ran.code, 0, `${words.join(" ")}\n${ran.stdout}${ran.stderr}`);
  const after = await examine(run, dir);
  assert.notDeepEqual(after.words, before.words, `${words.join(" ")} is printed once more when it was done`);
}

async function withProgram(folder: string, env: Record<string, string>): Promise<Record<string, string>> {
  const bin = join(folder, "bin");
  await mkdir(bin);
  await symlink(binary(), join(bin, "nsfarm-deno"));
  return { ...env, PATH: `${bin}:${env["PATH"] ?? Deno.env.get("PATH") ?? ""}` };
}

const REFUSE = 'echo "sbatch: error: Batch job submission failed: Invalid partition name specified" >&2; exit 1';

/** States of a Slurm run, how it comes to them, and the commands that are printed then. */
const STATES: [string, (slurm: FakeSlurm) => Promise<void>, string[][], string[]][] = [
  ["was not submitted", () => Promise.resolve(), [], ["submit", "submit --wait"]],
  ["was refused", (slurm) => slurm.beforeSubmit(REFUSE), [["submit"]], ["submit"]],
  ["waits in the queue", () => Promise.resolve(), [["submit"]], ["status --watch"]],
  ["is held", (slurm) => slurm.setState("SUSPENDED"), [["submit"]], ["retry --wait", "status --watch"]],
  ["was cancelled", (slurm) => slurm.setState("CANCELLED"), [["submit"]], ["retry --wait", "status --watch"]],
  ["ran out of time", (slurm) => slurm.setState("TIMEOUT"), [["submit"]], ["retry --split --wait", "status --watch"]],
  [
    "ran out of memory",
    (slurm) => slurm.setState("OUT_OF_MEMORY"),
    [["submit"]],
    ["retry --more-memory=4GB --wait", "status --watch"],
  ],
];

for (const [what, come, more, wanted] of STATES) {
  Deno.test(`the program accepts every command that it prints about a run that ${what}, and doctor's command continues the run`, () =>
    inFolder(async (folder) => {
      const slurm = await fakeSlurm(folder);
      const env = await withProgram(folder, slurm.env);
      const dir = await renderRun(folder, { toys: 4, shards: 4, more: ["--scheduler", "slurm"] });
      await come(slurm);
      const commands = await printed(folder, dir, env, more);
      const own = commands.map((one) => one.replace(` ${dir}`, "").replace("nsfarm-deno ", ""));
      for (const one of wanted) assert.ok(own.includes(one), `${one} is not among ${own.join("; ")}`);
      if (what === "was refused") {
        assert.doesNotMatch((await nsfarm(folder, ["doctor", dir], { env })).stdout, /^Next/m);
      }
      await slurm.onSubmit('[ "$n" = 1 ] || echo PENDING >"$here/state"');
      await movesOn(folder, dir, env);
      await accepted(folder, commands, env);
    }, "nsfarm-e2e-"));
}

Deno.test("no limit that cannot be raised is named for a local run", () =>
  inFolder(async (folder) => {
    const env = await withProgram(folder, {});
    const { path } = await standIn(
      folder,
      'echo "memory allocation of 99 bytes failed" >&2; [ $shard = 1 ] || kill -6 $$; exit 3',
    );
    const options = { toys: 4, shards: 2, nextstat: path };
    const first = await nsfarm(folder, ["run", ...requestArgs(folder, options)], { env });
    assert.equal(first.code, 5, first.stderr);
    const dir = join(folder, "runs", "r");
    await nsfarm(folder, ["retry", dir, "--wait"], { env });
    const { stdout } = await nsfarm(folder, ["doctor", dir], { env });
    const commands = await printed(folder, dir, env, []);
    assert.ok(!commands.some((one) => one.includes("--more-")), commands.join("\n"));
    await accepted(folder, commands, env);
    await nsfarm(folder, ["cancel", dir], { env });
    assert.match(stdout, /out_of_memory/);
  }, "nsfarm-e2e-"));

Deno.test("doctor prints the nextstat command line of a shard that failed twice in the same way", () =>
  inFolder(async (folder) => {
    const { path } = await standIn(folder, 'echo "cannot read it" >&2; exit 3');
    const options = { toys: 4, shards: 2, nextstat: path };
    const args = ["run", ...requestArgs(folder, options)];
    const dir = join(folder, "runs", "r");
    assert.equal((await nsfarm(folder, args)).code, 5);
    const once = (await nsfarm(folder, ["doctor", dir])).stdout;
    assert.doesNotMatch(once, /by hand/);
    await nsfarm(folder, ["retry", dir, "--wait"]);
    const { stdout } = await nsfarm(folder, ["doctor", dir]);
    assert.match(stdout, /failed: exit 3.*, 2 times in a row/);
    const command = /^ {2}by hand (.+)$/m.exec(stdout)?.[1];
    assert.ok(command, stdout);
    const ran = await nsfarm(folder, ["-c", command.replace(path, "/bin/echo")], { program: "sh" });
    assert.match(ran.stdout, /^unbinned-fit-toys --config .*--shard 0\/2/);
  }, "nsfarm-e2e-"));
