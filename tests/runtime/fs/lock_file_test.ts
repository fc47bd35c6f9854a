import assert from "node:assert/strict";
import { utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { whileLocked, whileLockedSync } from "../../../runtime/fs/exclusive.ts";
import { inFolder, pause } from "../../support/scratch.ts";

/** Returns work that fails where two of it overlap. */
function workAlone(): () => Promise<void> {
  let inside = 0;
  return async () => {
    assert.equal(++inside, 1);
    await pause(5);
    inside--;
  };
}

Deno.test("work under one lock never overlaps, and a failure releases the lock", () =>
  inFolder(async (folder) => {
    const path = join(folder, "lock");
    const work = workAlone();
    await assert.rejects(whileLocked(path, () => Promise.reject(new Error("no"))), /no/);
    await Promise.all(Array.from({ length: 8 }, () => whileLocked(path, work)));
    assert.equal(whileLockedSync(path, () => 7), 7);
  }));

Deno.test("a lock ends with its process, however the process ends", () =>
  inFolder(async (folder) => {
    const path = join(folder, "lock");
    const args = ["-c", 'exec 9>"$0"; flock 9; echo held; exec sleep 60', path];
    const holder = new Deno.Command("sh", { args, stdout: "piped" }).spawn();
    const reader = holder.stdout.getReader();
    await reader.read();
    let is_mine = false;
    const waiting = whileLocked(path, () => Promise.resolve(is_mine = true));
    await pause(100);
    assert.equal(is_mine, false);
    holder.kill("SIGKILL");
    assert.equal(await waiting, true);
    await holder.status;
    await reader.cancel();
  }));

Deno.test("on a file system without locks work never overlaps either, and a killed process holds nobody up for long", () =>
  inFolder(async (folder) => {
    const real = Deno.FsFile.prototype.lock;
    Deno.FsFile.prototype.lock = () => Promise.reject(new Error("Function not implemented (os error 38)"));
    const path = join(folder, "lock");
    const work = workAlone();
    try {
      await writeFile(`${path}.lease`, "");
      await utimes(`${path}.lease`, new Date(), new Date(Date.now() - 31_000));
      await Promise.all(Array.from({ length: 4 }, () => whileLocked(path, work)));
      await assert.rejects(whileLocked(path, () => Promise.reject(new Error("no"))), /no/);
      assert(
        ![...Deno.readDirSync(folder)].some(({ name }) => name !== "lock" && name.startsWith("lock")),
        "none is left",
      );
    } finally {
      Deno.FsFile.prototype.lock = real;
    }
  }));

Deno.test("work without an available lock is done all the same", async () => {
  assert.equal(await whileLocked("/no such folder/lock", () => Promise.resolve(1)), 1);
  assert.equal(whileLockedSync("/no such folder/lock", () => 2), 2);
});
