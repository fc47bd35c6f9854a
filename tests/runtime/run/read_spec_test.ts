import assert from "node:assert/strict";
import { utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { hashSpec } from "../../../runtime/run/read_spec.ts";
import { inFolder } from "../../support/scratch.ts";

Deno.test("an input that changes while it is hashed has the time from before, so that jobs hash it again", () =>
  inFolder(async (dir) => {
    const path = join(dir, "spec.json");
    await writeFile(path, "{}");
    await utimes(path, 1000, 1000);
    const { openSync } = Deno;
    Deno.openSync = (...args) => {
      const file = openSync(...args);
      Deno.utimeSync(path, 2000, 2000);
      return file;
    };
    try {
      assert.deepEqual(hashSpec(path, ["spec.json"]).mtimes_ms, { "spec.json": 1_000_000 });
    } finally {
      Deno.openSync = openSync;
    }
  }));
