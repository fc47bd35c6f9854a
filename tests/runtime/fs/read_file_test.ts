import assert from "node:assert/strict";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod/mini";
import {
  decodeText,
  inputError,
  parseJson,
  readDocument,
  readForNow,
  readIfThere,
  readRegular,
  Unreadable,
} from "../../../runtime/fs/read.ts";
import { inFolder } from "../../support/scratch.ts";

const Schema = z.looseObject({ n: z.int() });
const bytes = (text: string) => new TextEncoder().encode(text);

/** The fault of what a call threw. */
function faultOf(read: () => unknown): Unreadable {
  try {
    read();
  } catch (error) {
    assert.ok(error instanceof Unreadable, `${error}`);
    return error;
  }
  assert.fail("it was read");
}

Deno.test("a FIFO, a link, a folder and a device are never opened, and each has its own error", () =>
  inFolder(async (folder) => {
    await writeFile(join(folder, "file"), "{}");
    await symlink("file", join(folder, "link"));
    await symlink("gone", join(folder, "dead"));
    await mkdir(join(folder, "folder"));
    await new Deno.Command("mkfifo", { args: [join(folder, "fifo")] }).output();
    const reported = (name: string) => faultOf(() => readRegular(join(folder, name), 100));
    assert.deepEqual(
      ["link", "dead", "folder", "fifo"].map((name) => [reported(name).message, reported(name).absent]),
      [
        ["is a link, wanted a regular file", false],
        ["is a link, wanted a regular file", false],
        ["is a folder", false],
        ["is no regular file", false],
      ],
    );
    assert.equal(faultOf(() => readRegular("/dev/null", 100)).message, "is no regular file");
  }));

Deno.test("a missing file is absent, also below a path that is a file", () =>
  inFolder(async (folder) => {
    await writeFile(join(folder, "file"), "{}");
    for (const path of ["gone", "gone/deeper", "file/deeper"]) {
      const fault = faultOf(() => readRegular(join(folder, path), 100));
      assert.deepEqual([fault.message, fault.absent], ["is not there", true]);
    }
  }));

Deno.test("a file of the largest size is read; one with one byte more is not", () =>
  inFolder(async (folder) => {
    const path = join(folder, "file");
    await writeFile(path, "x".repeat(100));
    assert.equal(readRegular(path, 100).length, 100);
    assert.equal(faultOf(() => readRegular(path, 99)).message, "has 100 bytes, more than the limit of 99");
  }));

Deno.test("an empty file has no bytes, and is no document", () =>
  inFolder(async (folder) => {
    const path = join(folder, "file");
    await writeFile(path, "");
    assert.equal(readRegular(path, 10).length, 0);
    assert.equal(faultOf(() => readDocument(path, Schema)).message, "is empty");
  }));

Deno.test("a reused buffer holds the bytes of each file until the next is read, whatever their sizes", () =>
  inFolder(async (folder) => {
    for (const size of [5, 300_000, 7]) {
      const path = join(folder, `${size}`);
      await writeFile(path, "y".repeat(size));
      assert.equal(decodeText(readForNow(path, 1_000_000).bytes), "y".repeat(size));
    }
  }));

Deno.test("bytes that are no UTF-8, and texts that are no JSON, are reported in one line", () => {
  assert.equal(faultOf(() => decodeText(Uint8Array.of(0x22, 0xff, 0x22))).message, "is no text in UTF-8");
  for (const text of ["{", '{"a": 1,}', "{}\n{}", "NaN"]) {
    assert.match(faultOf(() => parseJson(bytes(text))).message, /^is no JSON: [^\n]+$/);
  }
});

Deno.test("nesting that would overflow a stack is refused; brackets in texts do not count", () => {
  const deep = (n: number) => "[".repeat(n) + "]".repeat(n);
  const refused = (text: string) =>
    assert.match(faultOf(() => parseJson(bytes(text))).message, /^is nested deeper than 200/);
  refused(deep(1_000_000));
  parseJson(bytes(JSON.stringify({ a: deep(50_000), b: '\\"[[[['.repeat(5000) })));
  refused(`["a\\"b", ${deep(8000)}]`);
  refused(`{"a": {"__proto__": ${deep(8000)}}}`);
  parseJson(bytes(JSON.stringify(Array.from({ length: 9000 }, () => [1]))));
  parseJson(bytes(`[${deep(199)}${" ".repeat(8000)}]`));
  refused(`[${deep(200)}${" ".repeat(8000)}]`);
});

Deno.test("a document just below the depth limit can be parsed and written", () => {
  const text = "[".repeat(3400) + "]".repeat(3400);
  assert.equal(JSON.stringify(parseJson(bytes(text))), text);
});

Deno.test("a file that just fills the memory it is read into, and one that is emptied, are read to their ends", () =>
  inFolder(async (folder) => {
    const path = join(folder, "file");
    await writeFile(path, "z".repeat(256 * 1024));
    assert.equal(readForNow(path, 1_000_000).bytes.length, 256 * 1024);
    await writeFile(path, "");
    assert.equal(readForNow(path, 1_000_000).bytes.length, 0);
  }));

Deno.test("a document of another schema is reported with the wrong member", () =>
  inFolder(async (folder) => {
    const path = join(folder, "d.json");
    await writeFile(path, '{"n": "5"}');
    assert.match(faultOf(() => readDocument(path, Schema)).message, /^is not as wanted \(n: "5", wanted a number\)$/);
    await writeFile(path, '{"n": 5, "more": 1}');
    assert.deepEqual(readDocument(path, Schema), { n: 5, more: 1 });
    assert.equal(faultOf(() => readRegular(path, 3)).absent, false);
  }));

Deno.test("readIfThere() returns undefined for an absent file, and throws for a broken one", () =>
  inFolder(async (folder) => {
    const path = join(folder, "d.json");
    assert.equal(readIfThere(path, Schema), undefined);
    await writeFile(path, "{");
    assert.throws(() => readIfThere(path, Schema), Unreadable);
  }));

Deno.test("inputError() names the action, the file, the fault and the next step", () => {
  const error = inputError(
    "the manifest",
    "/r/manifest.json",
    new Unreadable("is empty", false),
    "Restore it from a copy",
  );
  assert.deepEqual([error.kind, error.message, error.next], [
    "input",
    'Cannot read the manifest "/r/manifest.json": it is empty',
    "Restore it from a copy",
  ]);
});
