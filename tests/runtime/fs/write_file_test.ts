import assert from "node:assert/strict";
import { FarmError } from "../../../core/errors.ts";
import { unexpectedFileError } from "../../../core/file_fault.ts";
import { namingFile, writeAll } from "../../../runtime/fs/write.ts";

Deno.test("a disk that fills up where nobody expected it is told with the file, and is no bug of ours", () => {
  const path = "/runs/r/shard_0.metrics.json";
  using file = Deno.openSync("/dev/full", { write: true });
  const write = () => {
    try {
      writeAll(file, new Uint8Array(10));
    } catch (error) {
      throw unexpectedFileError(namingFile(error, path));
    }
  };
  assert.throws(write, (error) => error instanceof FarmError && error.message.includes(`Cannot write "${path}": `));
});

Deno.test("an error of no file keeps its words", () => {
  assert.equal(String(namingFile(new Error("no"), "/a")), "Error: no");
});
