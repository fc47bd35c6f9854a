import assert from "node:assert/strict";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { findNextstat, nextstatVersion, probeNextstat } from "../../../runtime/system/nextstat.ts";
import { inFolder } from "../../support/scratch.ts";

/** Writes a program of these lines of sh. */
async function program(path: string, lines: string): Promise<string> {
  await writeFile(path, `#!/bin/sh\n${lines}\n`);
  await chmod(path, 0o755);
  return path;
}

Deno.test("a nextstat says its version, and is known by its bytes and times", () =>
  inFolder(async (folder) => {
    const path = await program(join(folder, "nextstat"), 'echo "nextstat 0.10.1 (x86_64)"');
    assert.equal(await nextstatVersion(path), "0.10.1");
    const { bytes, sha256, mtime_ms } = await probeNextstat(path);
    assert.deepEqual([bytes, sha256.length], [42, 64]);
    assert.equal(mtime_ms, Deno.statSync(path).mtime?.getTime());
  }));

Deno.test("what cannot be run as nextstat is refused with the reason", () =>
  inFolder(async (folder) => {
    const refused = (path: string, message: RegExp) =>
      assert.rejects(nextstatVersion(path), { kind: "input", message });
    await refused(join(folder, "absent"), /^Cannot run nextstat ".*absent": it is not there$/);
    await refused(folder, /: it is no file$/);
    await writeFile(join(folder, "text"), "");
    await refused(join(folder, "text"), /: it is not executable$/);
    const other = await program(join(folder, "other"), 'echo "cannot open libfoo.so" >&2; exit 127');
    await refused(other, /did not answer like nextstat \(exit 127\): cannot open libfoo\.so$/);
    await refused(await program(join(folder, "clock"), "echo 12:00"), /\(exit 0\): 12:00$/);
  }));

Deno.test("of several on PATH the first program is taken, and never one of the working directory", () =>
  inFolder(async (folder) => {
    const [text, first, second] = ["text", "first", "second"].map((name) => join(folder, name));
    assert(text && first && second);
    for (const place of [text, first, second]) await mkdir(place);
    await writeFile(join(text, "nextstat"), "no program");
    await program(join(first, "nextstat"), "");
    await program(join(second, "nextstat"), "");
    const before = Deno.env.get("PATH") ?? "";
    try {
      Deno.env.set("PATH", [".", text, first, second].join(":"));
      assert.equal(findNextstat(undefined), join(first, "nextstat"));
      assert.equal(findNextstat(join(second, "nextstat")), join(second, "nextstat"));
      Deno.env.set("PATH", text);
      assert.throws(() => findNextstat(undefined), {
        kind: "usage",
        message: /neither beside nsfarm-deno nor on PATH/,
      });
    } finally {
      Deno.env.set("PATH", before);
    }
  }));
