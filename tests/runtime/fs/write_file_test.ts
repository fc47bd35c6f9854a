import assert from "node:assert/strict";
import { FarmError } from "../../../core/errors.ts";
import { unexpectedFileError } from "../../../core/file_fault.ts";
import { namingFile, writeAll } from "../../../runtime/fs/write.ts";

Deno.test("a disk that fills up where nobody expected it is told with the file, and is no bug of ours", () => {
  const path = "/runs/r/shard_0.metrics.json";
  using file = Deno.openSync("/dev/full", { write: true });
  const write = () => {
    try {
      namingFile(path, () => writeAll(file, new Uint8Array(10)));
    } catch (error) {
      throw unexpectedFileError(error);
    }
  };
  assert.throws(write, (error) => error instanceof FarmError && error.message.includes(`Cannot write "${path}": `));
});

Deno.test("an error of no file keeps its words", () => {
  const fail = () => {
    throw new Error("no");
  };
  assert.throws(() => namingFile("/a", fail), (error) => String(error) === "Error: no");
});
