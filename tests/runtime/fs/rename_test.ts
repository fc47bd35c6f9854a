import assert from "node:assert/strict";
import { join } from "node:path";
import { exists, rename } from "../../../runtime/fs/write.ts";
import { inFolder } from "../../support/scratch.ts";

class Answer extends Error {
  constructor(readonly code: string) {
    super(code);
  }
}

/** Renames by a system that does what `act` does, and answers with an error. */
async function answered(act: (from: string, to: string) => void, work: (folder: string) => void): Promise<void> {
  const real = Deno.renameSync;
  await inFolder((folder) => {
    Reflect.set(Deno, "renameSync", (from: string, to: string) => {
      act(from, to);
      throw new Answer("ENOENT");
    });
    try {
      work(folder);
    } finally {
      Reflect.set(Deno, "renameSync", real);
    }
    return Promise.resolve();
  });
}

const real = Deno.renameSync;

function write(folder: string, name: string): string {
  Deno.writeTextFileSync(join(folder, name), name);
  return join(folder, name);
}

Deno.test("a rename that succeeded counts in spite of an error: of a file, over a file, of a folder", () =>
  answered((from, to) => real(from, to), (folder) => {
    rename(write(folder, "a"), join(folder, "b"));
    rename(write(folder, "c"), join(folder, "b"));
    assert.equal(Deno.readTextFileSync(join(folder, "b")), "c");
    Deno.mkdirSync(join(folder, "d"));
    rename(join(folder, "d"), join(folder, "e"));
    assert.ok(exists(join(folder, "e")) && !exists(join(folder, "d")));
  }));

Deno.test("a rename that succeeded counts, also where a lookup returns the old file from a cache", () =>
  answered((from, to) => real(from, to), (folder) => {
    const [from, to] = [write(folder, "a"), write(folder, "b")];
    const [look, before] = [Deno.lstatSync, Deno.lstatSync(to)];
    Reflect.set(Deno, "lstatSync", (path: string) => path === to ? before : look(path));
    try {
      rename(from, to);
    } finally {
      Reflect.set(Deno, "lstatSync", look);
    }
    assert.equal(Deno.readTextFileSync(to), "a");
  }));

Deno.test("a rename that failed throws the system's error, whatever file has the new name", () =>
  answered(() => {}, (folder) => {
    const [from, to] = [write(folder, "a"), write(folder, "b")];
    assert.throws(() => rename(from, to), /ENOENT/);
    assert.throws(() => rename(join(folder, "none"), to), /ENOENT/);
    assert.equal(Deno.readTextFileSync(to), "b");
    Deno.removeSync(to);
    assert.throws(() => rename(from, to), /ENOENT/);
  }));
