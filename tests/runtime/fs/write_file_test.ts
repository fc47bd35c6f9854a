import assert from "node:assert/strict";
import { FarmError } from "../../../core/errors.ts";
import { unexpectedFileError } from "../../../core/file_fault.ts";
import { namingFile, writeAll } from "../../../runtime/fs/write.ts";

Deno.test("an unexpectedly full disk is reported with the file, and not as an internal error", () => {
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

Deno.test("an error that concerns no file keeps its message", () => {
  const fail = () => {
    throw new Error("no");
  };
  assert.throws(() => namingFile("/a", fail), (error) => String(error) === "Error: no");
});
