import fc from "fast-check";
import assert from "node:assert/strict";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { verifyRun } from "../../../runtime/merge/verify.ts";
import { verifyArchive, writeArchive, type WrittenArchive } from "../../../runtime/output/archive.ts";
import { inventedRun } from "../../fixtures/run.ts";
import { writeRun } from "../../fixtures/run_dir.ts";
import { namesIn } from "../../support/farm.ts";
import { inFolder } from "../../support/scratch.ts";
import { merge } from "../support/merging.ts";

/** A merged run, archived, in a folder. */
async function archived(folder: string): Promise<WrittenArchive & { dir: string }> {
  const dir = join(folder, "invented");
  await writeRun(inventedRun(dir, { n_toys: 12, shards: 3 }));
  await merge(dir);
  return { ...await writeArchive(dir, null, false), dir };
}

async function unpacked(archive: string, folder: string): Promise<string> {
  const place = join(folder, "elsewhere");
  await Deno.mkdir(place);
  const tar = await new Deno.Command("tar", { args: ["-C", place, "-xf", archive] }).output();
  assert(tar.success, new TextDecoder().decode(tar.stderr));
  return join(place, "invented");
}

Deno.test("an archive holds the minimal set, and tar and sha256sum read it", () =>
  inFolder(async (folder) => {
    const { archive, n_files, missing } = await archived(folder);
    const place = await unpacked(archive, folder);
    const shards = [0, 1, 2].flatMap((i) => [`shard_${i}.metrics.json`, `shard_${i}.out.json`]);
    const names = ["SHA256SUMS", "manifest.json", "merge_status.json", "merged.out.json", ...shards];
    assert.deepEqual(await namesIn(place), names);
    assert.deepEqual([n_files, missing], [names.length, []]);
    const sums = await new Deno.Command("sha256sum", { args: ["--check", "--strict", "SHA256SUMS"], cwd: place })
      .output();
    assert(sums.success, new TextDecoder().decode(sums.stdout));
    for (const name of names.slice(1)) {
      assert.deepEqual(await readFile(join(place, name)), await readFile(join(folder, "invented", name)));
    }
  }));

Deno.test("an archive unpacked elsewhere verifies without the spec, and fails with one byte changed", () =>
  inFolder(async (folder) => {
    const { archive, dir } = await archived(folder);
    const place = await unpacked(archive, folder);
    await rm(dir, { recursive: true });
    assert.deepEqual(verifyRun(place).findings, []);
    for (const name of (await namesIn(place)).filter((name) => name !== "SHA256SUMS")) {
      const bytes = await readFile(join(place, name));
      const changed = Uint8Array.from(bytes);
      const at = bytes.length - 3;
      changed[at] = (changed[at] ?? 0) ^ 1;
      await writeFile(join(place, name), changed);
      let printed = "";
      try {
        printed = verifyRun(place).findings.map(({ file }) => file).join(" ");
      } catch (error) {
        printed = String(error);
      }
      assert.match(printed, new RegExp(name.replaceAll(".", "\\.")));
      await writeFile(join(place, name), bytes);
    }
    assert.deepEqual(verifyRun(place).findings, []);
    await rm(join(place, "shard_1.out.json"));
    assert(verifyRun(place).findings.length > 0);
  }));

Deno.test("an archive file verifies, and fails with any single bit flipped", () =>
  inFolder(async (folder) => {
    const { archive } = await archived(folder);
    assert.deepEqual(verifyArchive(archive).findings, []);
    const bytes = await readFile(archive);
    const flipped = join(folder, "flipped.tar");
    const places = fc.tuple(fc.nat(bytes.length - 1), fc.nat(7));
    await fc.assert(
      fc.asyncProperty(places, async ([at, bit]) => {
        const changed = Uint8Array.from(bytes);
        changed[at] = (changed[at] ?? 0) ^ (1 << bit);
        await writeFile(flipped, changed);
        assert(verifyArchive(flipped).findings.length > 0, `bit ${bit} of byte ${at}`);
      }),
      { numRuns: 1500 },
    );
    for (const length of [bytes.length - 1, bytes.length - 512, 700, 512, 0]) {
      await writeFile(flipped, bytes.subarray(0, length));
      assert(verifyArchive(flipped).findings.length > 0, `cut to ${length} bytes`);
    }
  }));

Deno.test("an archive of a run whose manifest is replaced meanwhile verifies, or is refused", () =>
  inFolder(async (folder) => {
    const { dir } = await archived(folder);
    const text = await readFile(join(dir, "manifest.json"), "utf8");
    for (const i of [1, 2]) {
      await writeFile(join(folder, `m${i}`), text.replace(/("created_at_utc": ".*)2Z/, `$1${i}Z`));
    }
    const replace = (i: number) => `cp m${i} new; mv new invented/manifest.json`;
    const others = new Deno.Command("sh", {
      args: ["-c", `while :; do ${replace(1)}; ${replace(2)}; done`],
      cwd: folder,
    })
      .spawn();
    try {
      for (let i = 0; i < 30; i++) {
        const path = join(folder, `beside${i}.tar`);
        try {
          await writeArchive(dir, path, false);
          assert.deepEqual(verifyArchive(path).findings, []);
        } catch (error) {
          assert.match(String(error), /Cannot archive ".*manifest\.json": it changed while it was read/);
        }
      }
    } finally {
      others.kill("SIGKILL");
      await others.status;
    }
  }));

Deno.test("an archive of a run whose id is no name of a folder verifies", () =>
  inFolder(async (folder) => {
    const dir = join(folder, "invented");
    for (const run_id of ["../a", "2023/a", "", "a".repeat(120)]) {
      await writeRun({ ...inventedRun(dir, { n_toys: 4, shards: 1 }), run_id });
      const { archive } = await writeArchive(dir, join(folder, `of ${run_id.length}.tar`), true);
      assert.deepEqual(verifyArchive(archive).findings, [], run_id);
    }
  }));

Deno.test("a run that does not verify or is not merged is archived only with --allow-partial", () =>
  inFolder(async (folder) => {
    const dir = join(folder, "invented");
    await writeRun(inventedRun(dir, { n_toys: 12, shards: 3 }));
    await assert.rejects(writeArchive(dir, null, false), /Cannot archive ".*": it was not merged/);
    await merge(dir);
    await rm(join(dir, "shard_2.out.json"));
    await assert.rejects(writeArchive(dir, null, false), /Cannot archive ".*": shard_2\.\S+ /);
    assert.deepEqual(await namesIn(folder), ["invented", "tmp"]);
    const { missing, archive } = await writeArchive(dir, null, true);
    assert.deepEqual(missing, ["shard_2.out.json"]);
    assert.deepEqual(verifyArchive(archive).findings, []);
    await assert.rejects(writeArchive(dir, null, true), /it exists already/);
  }));

Deno.test("a file that is no archive is distinguished from a damaged archive", () =>
  inFolder(async (folder) => {
    assert.throws(() => verifyArchive(join(folder, "none.tar")), /Cannot read the archive ".*": it is not there/);
    assert.throws(() => verifyArchive(folder), /Cannot read the archive ".*": it is no regular file/);
    const path = join(folder, "text.tar");
    await writeFile(path, "x".repeat(2000));
    assert.match(verifyArchive(path).findings[0]?.what ?? "", /has a header that is not as archive writes it/);
  }));
