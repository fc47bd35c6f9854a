import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { copyPiece, TextStore } from "../../../runtime/merge/text_store.ts";
import { inFolder } from "../../support/scratch.ts";

const encoder = new TextEncoder();

Deno.test("texts beyond the memory of a store go through its file, which goes with the store", () =>
  inFolder(async (dir) => {
    const path = join(dir, "texts");
    const store = new TextStore(path, 5);
    const pieces = ["one", "two", "three", "4"].map((text) => store.put(encoder.encode(text)));
    assert.deepEqual(pieces.map((piece) => "bytes" in piece), [true, false, false, true]);
    assert.equal(await readFile(path, "utf8"), "twothree");
    const read: string[] = [];
    for (const piece of pieces) copyPiece(piece, (bytes) => read.push(new TextDecoder().decode(bytes)));
    assert.deepEqual(read, ["one", "two", "three", "4"]);
    store.drop();
    assert.ok(!existsSync(path));
  }));

Deno.test("a store whose first write fails on a full disk leaves no file", () =>
  inFolder(async (dir) => {
    const path = join(dir, "texts");
    const store = new TextStore(path, 0);
    const { writeSync } = Deno.FsFile.prototype;
    Deno.FsFile.prototype.writeSync = () => {
      throw Object.assign(new Error("No space left on device (os error 28)"), { code: "ENOSPC" });
    };
    try {
      assert.throws(() => store.put(encoder.encode("a text")), /No space left/);
    } finally {
      Deno.FsFile.prototype.writeSync = writeSync;
    }
    assert.equal(await readFile(path, "utf8"), "");
    store.drop();
    assert.ok(!existsSync(path));
  }));
