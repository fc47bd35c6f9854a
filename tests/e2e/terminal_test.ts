import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { TABLE } from "../../commands/table.ts";
import {
  binary,
  mustRun,
  nextstat,
  nsfarm,
  type Ran,
  readText,
  renderRun,
  requestArgs,
  runArgs,
  runDir,
  start,
} from "../support/farm.ts";
import { inFolder, until } from "../support/scratch.ts";
import { type StandIn, standIn } from "../support/stand_in.ts";
import { writeWorkspace } from "../support/workspace.ts";

const DRIVER = fileURLToPath(new URL("../support/pty_driver.py", import.meta.url));

/** Whether a pseudo-terminal can be made here, and the reason for a test's name if not. */
const canPty: boolean = await new Deno.Command("python3", { args: ["-c", "import pty"] }).output()
  .then(({ success }) => success, () => false);
const unlessPty: string = canPty ? "" : " (left out: no python3 with its module pty)";

interface Shown {
  /** Returns the output in the terminal so far, with line ends as programs write them. */
  text(): Promise<string>;
  ended: Promise<Ran>;
}

/** Runs the program in a terminal with this number of columns. */
function inTerminal(folder: string, columns: number, args: string[]): Shown {
  const file = join(folder, "shown.txt");
  const { ended } = start(folder, [DRIVER, file, `${columns}`, binary(), ...args], { program: "python3" });
  return { ended, text: async () => (await readText(file)).replaceAll("\r\n", "\n") };
}

const ESCAPE = "\u001b";
/** Back to the line's begin, and the line cleared: the only thing that may steer a terminal. */
const REDRAW = `\r${ESCAPE}[K`;

/** A run of eight shards in the background, none of which ends before it may. */
async function waitingRun(folder: string): Promise<{ dir: string; fits: StandIn }> {
  const fits = await standIn(folder, 'while [ ! -e "$here/go" ]; do sleep 0.02; done');
  const dir = await renderRun(folder, { toys: 16, shards: 8, nextstat: fits.path });
  await mustRun(folder, ["submit", dir]);
  return { dir, fits };
}

for (const [columns, bar] of [[120, 30], [70, 12]] as const) {
  Deno.test({
    name: `status --watch in a terminal of ${columns} columns draws one bar that fills, then the table${unlessPty}`,
    ignore: !canPty,
    fn: () =>
      inFolder(async (folder) => {
        const { dir, fits } = await waitingRun(folder);
        const shown = inTerminal(folder, columns, ["status", dir, "--watch"]);
        await until(
          "the empty bar is there",
          async () => (await shown.text()).includes(`[${"-".repeat(bar)}] 0/8 done`),
        );
        await fits.mark("go");
        assert.equal((await shown.ended).code, 0);
        const [drawn = "", table = ""] = (await shown.text()).split(/\n(.*)/s);
        const lines = drawn.split(REDRAW);
        assert.equal(lines.shift(), "");
        assert.ok(
          lines.every((line) => line.length < columns && !line.includes(ESCAPE) && !line.includes("\r")),
          drawn,
        );
        assert.match(lines.at(-1) ?? "", new RegExp(`^\\[#{${bar}}\\] 8/8 done, 0 running, 0 failed`));
        assert.match(table, /^r \(local\): 8 done of 8 shards\n16 of 16 toys/);
        assert.ok(!table.includes(ESCAPE));
      }),
  });
}

Deno.test({
  name: `a bar is cut to a narrow terminal, so that it never breaks into a second line${unlessPty}`,
  ignore: !canPty,
  fn: () =>
    inFolder(async (folder) => {
      const { dir, fits } = await waitingRun(folder);
      const shown = inTerminal(folder, 30, ["status", dir, "--watch"]);
      await until("a bar is there", async () => (await shown.text()).includes(REDRAW));
      await fits.mark("go");
      assert.equal((await shown.ended).code, 0);
      const [drawn = ""] = (await shown.text()).split("\n");
      assert.ok(drawn.split(REDRAW).every((line) => line.length < 30), drawn);
    }),
});

Deno.test({
  name: `run in a terminal names the next commands once, at its end, and into a pipe it does not${unlessPty}`,
  ignore: !canPty,
  fn: () =>
    inFolder(async (folder) => {
      const shown = inTerminal(folder, 120, runArgs(folder, { toys: 4, shards: 2 }));
      assert.equal((await shown.ended).code, 0);
      const dir = runDir(folder);
      const text = (await shown.text()).replaceAll("\r", "");
      assert.equal(text.match(/^Next:$/gm)?.length, 1, text);
      const [, next = ""] = text.split("Next:\n");
      assert.deepEqual([...next.matchAll(/^ {2}nsfarm-deno (\w+) ('.*?') {2}/gm)].map((found) => found.slice(1)), [
        ["report", `'${dir}'`],
        ["archive", `'${dir}'`],
      ]);
      const { stdout, stderr } = await mustRun(folder, runArgs(folder, { toys: 4, shards: 2, id: "piped" }));
      assert.doesNotMatch(`${stdout}${stderr}`, /^Next:/m);
    }),
});

Deno.test("status --watch into a pipe writes plain lines to stderr and the table to stdout", () =>
  inFolder(async (folder) => {
    const { dir, fits } = await waitingRun(folder);
    const watching = nsfarm(folder, ["status", dir, "--watch"]);
    await fits.mark("go");
    const { code, stdout, stderr } = await watching;
    assert.equal(code, 0);
    assert.match(stdout, /^r \(local\): 8 done of 8 shards\n/);
    assert.match(stderr, /^8\/8 done, 0 running, 0 failed/m);
    assert.doesNotMatch(stderr, /[\r[]/);
    assert.ok(!`${stdout}${stderr}`.includes(ESCAPE));
  }));

Deno.test("status --watch --json into a pipe writes one document a line, the last one of the ended run", () =>
  inFolder(async (folder) => {
    const { dir, fits } = await waitingRun(folder);
    const watching = nsfarm(folder, ["status", dir, "--watch", "--json"]);
    await fits.mark("go");
    const { code, stdout } = await watching;
    assert.equal(code, 0);
    const documents = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
    assert.ok(documents.length >= 1 && documents.every((one) => one.total === 8));
    assert.deepEqual(documents.at(-1).counts, { done: 8 });
  }));

/** What a program can print to steer the terminal of whoever reads its log. */
const STEERING = "printf '\\033[31mred\\033[2J\\007 bad\\n' >&2; exit 3";

/** A sweep of small runs. */
function sweepWords(folder: string, id: string): string[] {
  const words = requestArgs(folder, { toys: 4, shards: 1 });
  const dropped = new Set(["--shards", "--run-id", "--out-dir"]);
  const kept = words.filter((word, i) => !dropped.has(word) && !dropped.has(words[i - 1] ?? ""));
  const sweep = ["--shards-list", "1,2", "--sweep-id", id, "--out-root", join(folder, "sweeps", id)];
  return [...kept, ...sweep];
}

/** A limit of few toys, whose points do not enclose it. */
function limitWords(folder: string, id: string): string[] {
  return [
    ...["--workload", "hypotest-toys", "--config", join(folder, "workspace.json"), "--mu", "0.1,0.2", "--n-toys", "4"],
    ...["--shards", "2", "--threads", "1", "--nextstat-bin", nextstat(), "--limit-id", id],
    ...["--out-root", join(folder, "limits")],
  ];
}

/** An injection study of one toy at each of two values: too few for a verdict. */
function injectWords(folder: string, id: string): string[] {
  const words = requestArgs(folder, { toys: 1, shards: 1 });
  const dropped = new Set(["--run-id", "--out-dir"]);
  const kept = words.filter((word, i) => !dropped.has(word) && !dropped.has(words[i - 1] ?? ""));
  return [...kept, "--inject", "mu=1,2", "--inject-id", id, "--out-root", join(folder, "injects")];
}

/** Words for each command, over a run whose shard 1 fails with a text that would steer a terminal. */
function wordsFor(name: string, folder: string, dir: string): { words: string[]; code: number } {
  const words: Record<string, { words: string[]; code: number }> = {
    run: { words: runArgs(folder, { toys: 4, shards: 2, id: "fresh" }), code: 0 },
    render: { words: ["render", ...runArgs(folder, { toys: 4, shards: 2, id: "other" }).slice(1)], code: 0 },
    submit: { words: ["submit", dir], code: 0 },
    status: { words: ["status", dir], code: 0 },
    cancel: { words: ["cancel", dir], code: 0 },
    retry: { words: ["retry", dir, "--wait"], code: 5 },
    logs: { words: ["logs", dir, "1"], code: 0 },
    collect: { words: ["collect", dir], code: 5 },
    merge: { words: ["merge", dir], code: 5 },
    finish: { words: ["finish", dir], code: 5 },
    verify: { words: ["verify", dir], code: 5 },
    "self-check": { words: ["self-check", folder, "--nextstat-bin", nextstat()], code: 0 },
    preflight: { words: ["preflight", "--scheduler", "local"], code: 0 },
    work: { words: ["work", dir], code: 5 },
    job: { words: ["job", dir, "1"], code: 5 },
    schema: { words: ["schema"], code: 0 },
    doctor: { words: ["doctor", dir], code: 0 },
    "sweep render": { words: ["sweep", "render", ...sweepWords(folder, "rendered")], code: 0 },
    "sweep run": { words: ["sweep", "run", ...sweepWords(folder, "ran")], code: 0 },
    plan: { words: ["plan", "--from", dir], code: 0 },
    report: { words: ["report", dir], code: 0 },
    extend: { words: ["extend", dir, "--n-toys", "+2", "--no-submit"], code: 0 },
    archive: { words: ["archive", dir], code: 5 },
    plugin: { words: ["plugin", "list"], code: 0 },
    export: { words: ["export", dir, "--format", "csv"], code: 5 },
    nodes: { words: ["nodes"], code: 0 },
    pause: { words: ["pause", dir], code: 0 },
    resume: { words: ["resume", dir], code: 0 },
    throttle: { words: ["throttle", dir, "2"], code: 0 },
    pilots: { words: ["pilots", dir, "+1"], code: 2 },
    "limit render": { words: ["limit", "render", ...limitWords(folder, "rendered")], code: 0 },
    "limit run": { words: ["limit", "run", ...limitWords(folder, "ran")], code: 6 },
    "inject render": { words: ["inject", "render", ...injectWords(folder, "rendered")], code: 0 },
    "inject run": { words: ["inject", "run", ...injectWords(folder, "ran")], code: 0 },
    completions: { words: ["completions", "bash"], code: 0 },
  };
  // The other commands of sweeps are asked about one that is not there.
  if (/^sweep (submit|collect|merge|summarize)$/.test(name)) {
    return { words: [...name.split(" "), "--sweep-json", join(folder, "none.sweep.json")], code: 3 };
  }
  if (/^inject (submit|collect|summarize)$/.test(name)) {
    return { words: [...name.split(" "), "--inject-json", join(folder, "none.inject.json")], code: 3 };
  }
  if (/^limit (submit|collect|summarize)$/.test(name)) {
    return { words: [...name.split(" "), "--limit-json", join(folder, "none.limit.json")], code: 3 };
  }
  const found = words[name];
  assert(found, `this test has no words for ${name}`);
  return found;
}

for (const { name } of TABLE) {
  Deno.test(`${name} writes no terminal control characters into a pipe, and with --json its answer is one JSON document`, () =>
    inFolder(async (folder) => {
      const fits = await standIn(folder, `[ "$shard" != 1 ] || { ${STEERING}; }`);
      const dir = runDir(folder);
      await mustRun(folder, runArgs(folder, { toys: 4, shards: 2, nextstat: fits.path }), 5);
      await writeWorkspace(folder);
      const { words, code } = wordsFor(name, folder, dir);
      const plain = await nsfarm(folder, words);
      assert.equal(plain.code, code, plain.stdout + plain.stderr);
      assert.doesNotMatch(`${plain.stdout}${plain.stderr}`, /[^\P{Cc}\n\t]/u);
      for (const made of ["runs/fresh", "runs/other", "sweeps", "limits", "injects"]) {
        await Deno.remove(join(folder, made), { recursive: true }).catch(() => {});
      }
      const json = await nsfarm(folder, [...words, "--json"]);
      assert.equal(json.code, code, json.stderr);
      assert.doesNotThrow(() => JSON.parse(json.stdout), json.stdout);
      assert.ok(json.stdout.endsWith("\n"));
      assert.doesNotMatch(`${json.stdout}${json.stderr}`, /[^\P{Cc}\n\t]/u);
    }));
}

Deno.test("an error with --json is one JSON document too, and the message for a person is on stderr", () =>
  inFolder(async (folder) => {
    const { code, stdout, stderr } = await nsfarm(folder, ["status", join(folder, "none"), "--json"]);
    assert.equal(code, 3);
    const { error } = JSON.parse(stdout);
    assert.deepEqual([error.kind, error.exit_code], ["input", 3]);
    assert.match(stderr, /^nsfarm-deno: Cannot read the manifest/);
  }));
