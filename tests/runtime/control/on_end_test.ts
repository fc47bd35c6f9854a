import assert from "node:assert/strict";
import { chmod, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { recordOnEnd, runOnEnd } from "../../../runtime/control/on_end.ts";
import { loadFarmRun } from "../../../runtime/run/load_manifest.ts";
import { root } from "../../../scripts/tools.ts";
import { inventedRun } from "../../fixtures/run.ts";
import { writeRun } from "../../fixtures/run_dir.ts";
import { readText } from "../../support/farm.ts";
import { inFolder } from "../../support/scratch.ts";

/** Writes a command that appends a line for each start, and then does `behaviour`. */
async function hookIn(folder: string, behaviour = ""): Promise<{ path: string; starts(): Promise<string[]> }> {
  const path = join(folder, "hook");
  await writeFile(path, `#!/bin/sh\nread -r line; echo "$1 $line" >>'${path}.log'\n${behaviour}\n`);
  await chmod(path, 0o755);
  return { path, starts: async () => (await readText(`${path}.log`)).split("\n").filter((line) => line !== "") };
}

Deno.test("the command gets the document on stdin, in the folder of the run, and once for each end", () =>
  inFolder(async (folder) => {
    const { path, starts } = await hookIn(folder, "pwd >where");
    const mark = join(folder, ".on_end.1");
    assert.equal(await runOnEnd(mark, [path, "x"], { a: 1 }), `--on-end ${"'" + path + "'"} has run`);
    assert.equal(await runOnEnd(mark, [path, "x"], { a: 1 }), "--on-end has run for this end before");
    await runOnEnd(join(folder, ".on_end.2"), [path, "y"], { a: 1 });
    assert.deepEqual(await starts(), ["x {", "y {"]);
    assert.equal(await readText(join(folder, "where")), `${folder}\n`);
  }));

Deno.test("of ten that see the same end at once, one starts the command", () =>
  inFolder(async (folder) => {
    const { path, starts } = await hookIn(folder);
    const mark = join(folder, ".on_end.1");
    const lines = await Promise.all(Array.from({ length: 10 }, () => inProcess(folder, mark, path, "")));
    assert.equal(lines.filter((line) => line.includes("has run for this end before")).length, 9, lines.join("\n"));
    assert.equal((await starts()).length, 1);
  }));

Deno.test("a process that is killed between the mark and the start leaves an end for which nobody starts the command", () =>
  inFolder(async (folder) => {
    const { path, starts } = await hookIn(folder);
    const mark = join(folder, ".on_end.1");
    const killed = await inProcess(
      folder,
      mark,
      path,
      "60, () => (Deno.kill(Deno.pid, 'SIGKILL'), new Promise(() => {}))",
    );
    assert.equal(killed, "SIGKILL");
    assert.ok((await readdir(folder)).includes(".on_end.1"));
    assert.equal(await runOnEnd(mark, [path, "x"], {}), "--on-end has run for this end before");
    assert.deepEqual(await starts(), []);
  }));

/** Runs runOnEnd() in a process of its own; returns what it prints, or the signal that ended it. */
async function inProcess(folder: string, mark: string, path: string, more: string): Promise<string> {
  const module = pathToFileURL(join(root, "runtime/control/on_end.ts")).href;
  const call = `runOnEnd(${JSON.stringify(mark)}, [${JSON.stringify(path)}, "x"], {}${more === "" ? "" : `, ${more}`})`;
  const file = join(folder, `call${crypto.randomUUID()}.ts`);
  await writeFile(file, `import { runOnEnd } from ${JSON.stringify(module)};\nconsole.log(await ${call});\n`);
  const args = ["run", "-A", "--no-check", "--config", join(root, "deno.json"), file];
  const { signal, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
  const printed = new TextDecoder().decode(stdout);
  assert.ok(signal !== null || printed !== "", new TextDecoder().decode(stderr));
  return signal ?? printed;
}

Deno.test("a command that fails, hangs or does not exist is told in one line", () =>
  inFolder(async (folder) => {
    const failing = await hookIn(folder, "echo no mail >&2; exit 3");
    const failed = await runOnEnd(join(folder, ".on_end.1"), [failing.path], {});
    assert.match(failed, /^warning: --on-end .*hook' ended with exit code 3: no mail$/);
    const hanging = await hookIn(folder, "sleep 600");
    const stopped = await runOnEnd(join(folder, ".on_end.2"), [hanging.path], {}, 0.5);
    assert.match(stopped, /^warning: --on-end .*hook' was stopped after 0.5 s$/);
    const absent = await runOnEnd(join(folder, ".on_end.3"), [join(folder, "absent")], {});
    assert.match(absent, /^warning: --on-end .*absent' could not be started: .+$/);
    const unmarked = await runOnEnd(join(folder, "no folder", ".on_end.4"), [failing.path], {});
    assert.match(unmarked, /^warning: --on-end was not started: ".on_end.4" cannot be written: .+$/);
    assert.equal((await failing.starts()).length, 2, "without a mark it is not started");
  }));

Deno.test("a run keeps its command, and an empty one removes it", () =>
  inFolder(async (folder) => {
    await writeRun(inventedRun(folder));
    const load = () => loadFarmRun(join(folder, "manifest.json"));
    recordOnEnd(load(), ["notify.sh", "a b"]);
    const text = await readText(join(folder, "manifest.json"));
    assert.deepEqual(load().manifest.farm.on_end, ["notify.sh", "a b"]);
    recordOnEnd(load(), ["notify.sh", "a b"]);
    assert.equal(await readText(join(folder, "manifest.json")), text);
    recordOnEnd(load(), []);
    assert.equal(load().manifest.farm.on_end, undefined);
  }));
