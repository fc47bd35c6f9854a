import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { chmod, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ATTEMPT_FILE_BYTES } from "../../../core/schema/attempt.ts";
import {
  attemptPath,
  beginAttempt,
  listAttempts,
  readAttempt,
  readAttempts,
  updateAttempt,
} from "../../../runtime/shard/attempts.ts";
import { planOf, sampleAttempt, sampleManifest, sampleRecord } from "../../fixtures/run.ts";
import { inFolder } from "../../support/scratch.ts";

const manifest = sampleManifest();
const plan = planOf(manifest, 3);

/** The attempt that begins. */
const begun = (attempt = 1) => sampleAttempt(manifest, plan, { attempt });

/** What lies in attempts/. */
const names = (dir: string) => readdir(join(dir, "attempts"));

Deno.test("of two processes that start the same attempt one gets it, and no other file stays", () =>
  inFolder(async (folder) => {
    const first = beginAttempt(folder, begun());
    assert.ok(first);
    assert.equal(beginAttempt(folder, { ...begun(), attempt_token: "ffffffffffffffff" }), undefined);
    assert.deepEqual(await names(folder), ["shard_3.1.json"]);
    assert.equal(readAttempt(folder, 3, 1)?.attempt_token, begun().attempt_token);
  }));

Deno.test("an attempt's end is written into the same bytes of the same file, without padding behind it", () =>
  inFolder(async (folder) => {
    const open = beginAttempt(folder, begun());
    assert.ok(open);
    const before = await stat(open.path);
    assert.equal(before.size, ATTEMPT_FILE_BYTES);
    const fit = { host: "n1", boot_id: "b", pid: 9, start_ticks: "7" };
    updateAttempt(open, { fit });
    updateAttempt(open, { end: sampleRecord(manifest, plan, { cause: "disk", exit_code: 1 }) });
    const after = await stat(open.path);
    assert.equal(after.ino, before.ino);
    assert.match(await readFile(open.path, "utf8"), /}\n$/);
    assert.ok(after.size < 4096, `${after.size} bytes`);
    updateAttempt(open, { copied_from: "/runs/a" });
    assert.equal((await stat(open.path)).size, after.size + ' "copied_from": "/runs/a",\n'.length);
    const read = readAttempt(folder, 3, 1);
    assert.deepEqual([read?.end?.cause, read?.fit], ["disk", fit]);
  }));

Deno.test("a stderr tail that is too long for the file loses its beginning, whatever it holds", () =>
  inFolder(async (folder) => {
    const open = beginAttempt(folder, begun());
    assert.ok(open);
    const stderr_tail = Array.from({ length: 20 }, (_, i) => `${i} ${"\u20ac".repeat(399)}`);
    updateAttempt(open, { end: sampleRecord(manifest, plan, { cause: "exit", exit_code: 1, stderr_tail }) });
    assert.ok((await stat(open.path)).size > ATTEMPT_FILE_BYTES - 1300);
    const kept = readAttempt(folder, 3, 1)?.end?.stderr_tail ?? [];
    assert.ok(kept.length > 5 && kept.length < 20);
    assert.equal(kept.at(-1), stderr_tail.at(-1));
  }));

Deno.test("attempts are listed by shard in ascending order, and other names are skipped", () =>
  inFolder(async (folder) => {
    for (const number of [10, 2, 1]) beginAttempt(folder, begun(number));
    for (const name of ["shard_3.01.json", "shard_3.4.json~", "notes.txt"]) {
      await writeFile(join(folder, "attempts", name), "");
    }
    assert.deepEqual([...listAttempts(folder)], [[3, [1, 2, 10]]]);
    assert.deepEqual([...listAttempts(join(folder, "none"))], []);
  }));

Deno.test("an empty, broken or missing attempt file is no attempt, and does not hide the others", () =>
  inFolder(async (folder) => {
    for (const number of [1, 2]) beginAttempt(folder, begun(number));
    await writeFile(attemptPath(folder, 3, 1), "");
    assert.deepEqual(readAttempts(folder, 3, [1, 2, 9]).map((one) => one.attempt), [2]);
    const text = await readFile(attemptPath(folder, 3, 2), "utf8");
    await writeFile(attemptPath(folder, 3, 2), text.slice(0, 100));
    assert.deepEqual(readAttempts(folder, 3, [2]), []);
  }));

Deno.test("an attempt that its owner is writing is read again, not taken for a damaged one", () =>
  inFolder(async (folder) => {
    const open = beginAttempt(folder, begun());
    assert.ok(open);
    const whole = await readFile(open.path);
    await writeFile(open.path, whole.subarray(0, 300));
    const real = Deno.openSync;
    let opened = 0;
    Reflect.set(Deno, "openSync", (path: string, options?: Deno.OpenOptions) => {
      if (++opened === 3) writeFileSync(open.path, whole);
      return real(path, options);
    });
    try {
      assert.equal(readAttempt(folder, 3, 1)?.attempt_token, begun().attempt_token);
    } finally {
      Deno.openSync = real;
    }
  }));

Deno.test("an attempt whose file another machine replaces by a folder for a moment is no attempt, and no error", () =>
  inFolder(async (folder) => {
    beginAttempt(folder, begun());
    const real = Deno.openSync;
    // As a machine has it that took the file's attributes from its cache.
    Deno.openSync = () => {
      throw Object.assign(new Error("Is a directory (os error 21)"), { code: "EISDIR" });
    };
    try {
      assert.equal(readAttempt(folder, 3, 1), undefined);
    } finally {
      Deno.openSync = real;
    }
    await Deno.remove(join(folder, "attempts"), { recursive: true });
  }));

Deno.test({
  name: `a folder that nobody may write to is told as such${
    Deno.uid() === 0 ? " (left out: root may write anywhere)" : ""
  }`,
  ignore: Deno.uid() === 0,
  fn: () =>
    inFolder(async (folder) => {
      await mkdir(join(folder, "attempts"));
      await chmod(join(folder, "attempts"), 0o500);
      assert.throws(() => beginAttempt(folder, begun()), { kind: "input", message: /permission is denied/ });
    }),
});
