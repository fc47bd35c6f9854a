import assert from "node:assert/strict";
import { appendFile, mkdir, readdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { FaultyNode } from "../../../core/faulty_nodes.ts";
import { knownNodes } from "../../../core/node_journal.ts";
import {
  clearNodes,
  journalFault,
  journalFolder,
  noteNodeFaults,
  readJournal,
} from "../../../runtime/run/node_journal.ts";
import { root } from "../../../scripts/tools.ts";
import { inventedRun } from "../../fixtures/run.ts";
import { inFolder } from "../../support/scratch.ts";
import { runOf } from "../support/context.ts";

/** Calls `work` with an environment in which the journal lies below a folder. */
async function withState(state: string, work: (folder: string) => Promise<void>): Promise<void> {
  const before = Deno.env.get("XDG_STATE_HOME");
  Deno.env.set("XDG_STATE_HOME", state);
  try {
    await work(journalFolder() ?? assert.fail("there is no journal"));
  } finally {
    if (before === undefined) Deno.env.delete("XDG_STATE_HOME");
    else Deno.env.set("XDG_STATE_HOME", before);
  }
}

const inState = (work: (folder: string) => Promise<void>) =>
  inFolder((folder) => withState(join(folder, "state"), work));

const fault = (node: string): FaultyNode => ({
  node,
  cause: "suspect",
  what: "all 2 shards there failed",
  at_utc: null,
});

/** A run with a token of its own: this process records a fault of a run once. */
function freshRun() {
  const run = runOf("/runs/r", inventedRun("/runs/r"));
  run.manifest.farm.run_token = crypto.randomUUID().replaceAll("-", "").slice(0, 16);
  return run;
}

const read = (folder: string) => readJournal(folder, Date.now());

Deno.test("a fault is recorded once for a run and node, also by another process, and after it was cleared", () =>
  inState(async (folder) => {
    const run = freshRun();
    for (let i = 0; i < 3; i++) noteNodeFaults(run, [fault("n1"), fault("n2")]);
    const [name = ""] = await readdir(folder);
    const lines = (await Deno.readTextFile(join(folder, name))).split("\n").filter((line) => line !== "");
    assert.equal(lines.length, 2);
    assert.equal(clearNodes(folder, "n1"), null);
    await inProcess(folder, `noteNodeFaults(run(${JSON.stringify(run.manifest.farm.run_token)}), [fault("n1")])`);
    assert.deepEqual(read(folder).faults.map(({ node }) => node), ["n2"]);
    noteNodeFaults(freshRun(), [fault("n1")]);
    assert.deepEqual(knownNodes(read(folder).faults, Date.now()).map(({ node, runs }) => [node, runs]).sort(), [
      ["n1", 1],
      ["n2", 1],
    ]);
  }));

Deno.test("the journal under ten writers with kill -9: every whole line is read", () =>
  inState(async (folder) => {
    const writers = Array.from({ length: 10 }, (_, i) => {
      const code = `for (let i = 0; i < 80; i++) {
        const token = "w${i}i" + i;
        noteNodeFaults(run(token), [fault("n" + i)]);
        Deno.stdout.writeSync(new TextEncoder().encode(token + "\\n"));
      }`;
      return start(folder, code);
    });
    const printed = await Promise.all(writers.map(async (writer, i) => {
      const tokens = collect(writer, i < 7 ? 10 + 7 * i : Infinity);
      return (await tokens).filter((token) => token !== "");
    }));
    const found = new Set(read(folder).faults.map(({ run_token }) => run_token));
    const missing = printed.flat().filter((token) => !found.has(token));
    assert.deepEqual(missing, [], "each line that was written is read");
    assert.ok(printed.flat().length > 3 * 80, `only ${printed.flat().length} lines were written`);
    noteNodeFaults(freshRun(), [fault("after")]);
    assert.ok(read(folder).faults.some(({ node }) => node === "after"));
  }));

Deno.test("the rest that a killed writer left of a line costs that line only", () =>
  inState(async (folder) => {
    noteNodeFaults(freshRun(), [fault("n1")]);
    const [name = ""] = await readdir(folder);
    await appendFile(join(folder, name), '\n{"node":"n2","sched');
    noteNodeFaults(freshRun(), [fault("n3")]);
    assert.deepEqual(read(folder).faults.map(({ node }) => node).sort(), ["n1", "n3"]);
    assert.equal(read(folder).damaged, 1);
  }));

Deno.test("files of months in which no line counts any more are removed", () =>
  inState(async (folder) => {
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "n1.2020-01.jsonl"), "");
    await writeFile(join(folder, "notes.txt"), "");
    await utimes(join(folder, "notes.txt"), 0, 0);
    noteNodeFaults(freshRun(), [fault("n1")]);
    const names = await readdir(folder);
    assert.ok(!names.includes("n1.2020-01.jsonl") && names.includes("notes.txt"), names.join(" "));
    assert.equal(names.length, 2);
  }));

Deno.test("without a folder that can be written there is no journal, and nodes says why", () =>
  withState("/dev/null/state", (folder) => {
    noteNodeFaults(freshRun(), [fault("n1")]);
    assert.deepEqual(read(folder).faults, []);
    assert.match(journalFault(folder) ?? "", /dev\/null/);
    assert.match(clearNodes(folder, null) ?? "", /dev\/null/);
    assert.match(journalFault(undefined) ?? "", /neither XDG_STATE_HOME nor HOME is set/);
    return Promise.resolve();
  }));

const HEAD = `
import { noteNodeFaults } from ${JSON.stringify(pathToFileURL(join(root, "runtime/run/node_journal.ts")).href)};
const run = (run_token) => ({ dir: "/runs/r", manifest: { run_id: "r", scheduler: "local", farm: { run_token } } });
const fault = (node) => ({ node, cause: "suspect", what: "all 2 shards there failed", at_utc: null });
`;

/** Starts a process that records faults, with its own memory of what it has recorded. */
function start(folder: string, code: string): Deno.ChildProcess {
  const file = Deno.makeTempFileSync({ dir: join(folder, "..", "..", ".."), suffix: ".js" });
  Deno.writeTextFileSync(file, HEAD + code);
  const args = ["run", "-A", "--no-check", "--config", join(root, "deno.json"), file];
  return new Deno.Command(Deno.execPath(), { args, stdout: "piped", stderr: "inherit" }).spawn();
}

async function inProcess(folder: string, code: string): Promise<void> {
  const { success } = await start(folder, code).output();
  assert.ok(success);
}

/** Returns the lines that a process prints; it is killed after so many of them. */
async function collect(child: Deno.ChildProcess, most: number): Promise<string[]> {
  const decoder = new TextDecoder();
  let text = "";
  let isKilled = false;
  for await (const bytes of child.stdout) {
    text += decoder.decode(bytes, { stream: true });
    if (isKilled || text.split("\n").length <= most) continue;
    isKilled = true;
    child.kill("SIGKILL");
  }
  const { signal } = await child.status;
  assert.equal(signal, isKilled ? "SIGKILL" : null);
  // What follows the last line break is part of a token.
  return text.slice(0, text.lastIndexOf("\n")).split("\n");
}
