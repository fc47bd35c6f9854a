import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { checkFolder, fileSystemAt } from "../../../runtime/output/self_check.ts";
import { inFolder } from "../../support/scratch.ts";

Deno.test("links, locks and renames are tried in a folder, and /dev/shm is in memory", () =>
  inFolder((folder) => {
    assert.deepEqual(checkFolder(folder), { links: true, locks: true });
    assert.equal(fileSystemAt("/dev/shm").seen_by, "memory");
    Deno.removeSync(`${folder}/link`);
    Deno.removeSync(`${folder}/lock`);
    return Promise.resolve();
  }));

Deno.test("without link(2) a folder is usable, and the answer says so", () =>
  inFolder(async (folder) => {
    const real = Deno.linkSync;
    Reflect.set(Deno, "linkSync", () => {
      throw Object.assign(new Error("Operation not supported"), { code: "EOPNOTSUPP" });
    });
    try {
      assert.deepEqual(checkFolder(folder), { links: false, locks: true });
    } finally {
      Reflect.set(Deno, "linkSync", real);
    }
    assert.deepEqual(await readdir(folder), ["lock", "tmp"]);
    Deno.removeSync(`${folder}/lock`);
  }));
