import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { mustRun, namesIn, nsfarm, renderRun, requestArgs } from "../support/farm.ts";
import { canMount, unlessMounting, whileReadOnly, withDisk } from "../support/mounts.ts";
import { countDone, failedAttempts } from "../support/run_dir.ts";
import { inFolder, processesOf } from "../support/scratch.ts";
import { standIn } from "../support/stand_in.ts";
import { assertUserError } from "../support/user_error.ts";

function test(name: string, work: (folder: string) => Promise<void>): void {
  Deno.test({ name: name + unlessMounting, ignore: !canMount, fn: () => inFolder(work) });
}

/** Takes all space that is left; the file's removal gives it back. */
async function fill(disk: string): Promise<string> {
  const filler = join(disk, "filler");
  await new Deno.Command("sh", { args: ["-c", `cat /dev/zero >"$0"`, filler], stderr: "null" }).output();
  return filler;
}

for (const command of ["run", "render"]) {
  test(`${command}: a read-only --out-dir is reported in one line`, (folder) =>
    withDisk(folder, (disk) =>
      whileReadOnly(disk, async () => {
        const words = requestArgs(folder, { toys: 4, shards: 2, more: ["--out-dir", disk] });
        const line = /Cannot write ".*\/disk\/.*": the file system is read-only/;
        assertUserError(await nsfarm(folder, [command, ...words]), { code: 3, line, hint: /another/ });
      })));

  test(`${command}: a full disk is reported in one line, and no file stays on it`, (folder) =>
    withDisk(folder, async (disk) => {
      await fill(disk);
      const words = requestArgs(folder, { toys: 4, shards: 2, more: ["--out-dir", disk] });
      const line = /Cannot write ".*\/disk\/.*": the disk is full/;
      assertUserError(await nsfarm(folder, [command, ...words]), { code: 3, line, hint: /Free some space/ });
      assert.deepEqual(await namesIn(disk), ["filler"]);
    }));
}

test("a read-only run directory can be inspected, and every command that must write says so in one line", async (folder) => {
  const fake = await standIn(folder, `[ "$shard" != 1 ] || exit 3`);
  const dir = await renderRun(folder, { toys: 6, shards: 3, nextstat: fake.path });
  await mustRun(folder, ["work", dir], 5);
  await whileReadOnly(dir, async () => {
    assert.match((await mustRun(folder, ["status", dir])).stdout, /2 done, 1 failed of 3 shards/);
    assert.match((await mustRun(folder, ["logs", dir, "1"])).stdout, /exit 3/);
    for (
      const words of [["work", dir, "--retry-failed"], ["job", dir, "1"], ["retry", dir], [
        "collect",
        dir,
      ]]
    ) {
      assertUserError(await nsfarm(folder, words), {
        code: 3,
        line: /Cannot write ".*": the file system is read-only/,
      });
    }
  });
  assert.deepEqual(await failedAttempts(dir), ["1.1 exit"]);
});

test("job, work, submit and run report a disk that is full before a shard starts in one line", (folder) =>
  withDisk(folder, async (disk) => {
    const options = { toys: 4, shards: 2, more: ["--out-dir", disk] };
    await mustRun(folder, ["render", ...requestArgs(folder, options)]);
    const dir = join(disk, "r");
    const filler = await fill(disk);
    for (const words of [["job", dir, "0"], ["work", dir], ["submit", dir], ["run", ...requestArgs(folder, options)]]) {
      assertUserError(await nsfarm(folder, words), { code: 3, line: /Cannot write ".*": the disk is full/ });
    }
    await rm(filler);
    await mustRun(folder, ["run", ...requestArgs(folder, options)]);
    assert.equal(await countDone(dir), 2);
  }));

test("an answer that a full disk does not take is refused in words", async (folder) => {
  const shell = `"$NSFARM_TEST_BINARY" schema >/dev/full`;
  const { stderr } = await mustRun(folder, ["-c", shell], 3, { program: "sh" });
  assert.match(stderr, /^nsfarm-deno: Cannot print the result: the disk is full\n {2}Redirect it to a disk/);
});

test("a disk that fills while other shards run: their fits are stopped or awaited, and none is left", (folder) =>
  withDisk(folder, async (disk) => {
    const behaviour = `[ -e "$here/mended" ] || {
  [ "$shard" = 0 ] && cat /dev/zero >"$here/disk/filler" 2>/dev/null
  [ "$shard" = 1 ] && sleep 1
}`;
    const fake = await standIn(folder, behaviour);
    const options = { toys: 12, shards: 6, nextstat: fake.path, more: ["--out-dir", disk, "--local-slots", "2"] };
    const ran = await nsfarm(folder, ["run", ...requestArgs(folder, options)]);
    assert([3, 5].includes(ran.code), ran.stderr);
    assert.match(ran.stderr, /disk is full|No space left/);
    assert.doesNotMatch(ran.stderr, /internal error/);
    assert.deepEqual(await processesOf(folder), []);
    await rm(join(disk, "filler"));
    await fake.mark("mended");
    await mustRun(folder, ["run", ...requestArgs(folder, options)]);
    assert.equal(await countDone(join(disk, "r")), 6);
  }));
