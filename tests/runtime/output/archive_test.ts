import fc from "fast-check";
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { verifyRun } from "../../../runtime/merge/verify.ts";
import { writeArchive, type WrittenArchive } from "../../../runtime/output/archive.ts";
import { verifyArchive } from "../../../runtime/output/verify_archive.ts";
import { inventedRun } from "../../fixtures/run.ts";
import { writeRun } from "../../fixtures/run_dir.ts";
import { namesIn } from "../../support/farm.ts";
import { inFolder } from "../../support/scratch.ts";
import { merge } from "../support/merging.ts";

const WHOLE = { out: null, allow_partial: false, inputs: true };
const PARTIAL = { ...WHOLE, allow_partial: true };

/** A merged run, archived, in a folder. */
async function archived(folder: string): Promise<WrittenArchive & { dir: string }> {
  const dir = join(folder, "invented");
  await writeRun(inventedRun(dir, { n_toys: 12, shards: 3 }));
  await merge(dir);
  return { ...await writeArchive(dir, WHOLE), dir };
}

/** Returns the names of all files in a folder and below it, in order. */
async function filesIn(folder: string): Promise<string[]> {
  const found = await Array.fromAsync(Deno.readDir(folder));
  const below = found.map(async ({ name, isDirectory }) =>
    isDirectory ? (await filesIn(join(folder, name))).map((file) => `${name}/${file}`) : [name]
  );
  return (await Promise.all(below)).flat().sort();
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
    const names = [
      "SHA256SUMS",
      "inputs/spec.json",
      "manifest.json",
      "merge_status.json",
      "merged.out.json",
      ...shards,
    ];
    assert.deepEqual(await filesIn(place), names);
    assert.deepEqual([n_files, missing], [names.length, []]);
    const sums = await new Deno.Command("sha256sum", { args: ["--check", "--strict", "SHA256SUMS"], cwd: place })
      .output();
    assert(sums.success, new TextDecoder().decode(sums.stdout));
    for (const name of names.slice(1)) {
      const own = name.replace("inputs/", "");
      assert.deepEqual(await readFile(join(place, name)), await readFile(join(folder, "invented", own)));
    }
  }));

Deno.test("an archive unpacked elsewhere verifies without the run, and fails with one byte changed", () =>
  inFolder(async (folder) => {
    const { archive, dir } = await archived(folder);
    const place = await unpacked(archive, folder);
    await rm(dir, { recursive: true });
    assert.deepEqual(verifyRun(place).findings, []);
    for (const name of (await filesIn(place)).filter((name) => name !== "SHA256SUMS")) {
      const bytes = await readFile(join(place, name));
      const changed = Uint8Array.from(bytes);
      const at = Math.max(0, bytes.length - 3);
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
          await writeArchive(dir, { ...WHOLE, out: path });
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
      const { archive } = await writeArchive(dir, { ...PARTIAL, out: join(folder, `of ${run_id.length}.tar`) });
      assert.deepEqual(verifyArchive(archive).findings, [], run_id);
    }
  }));

Deno.test("a run that does not verify or is not merged is archived only with --allow-partial", () =>
  inFolder(async (folder) => {
    const dir = join(folder, "invented");
    await writeRun(inventedRun(dir, { n_toys: 12, shards: 3 }));
    await assert.rejects(writeArchive(dir, WHOLE), /Cannot archive ".*": it was not merged/);
    await merge(dir);
    await rm(join(dir, "shard_2.out.json"));
    await assert.rejects(writeArchive(dir, WHOLE), /Cannot archive ".*": shard_2\.\S+ /);
    assert.deepEqual(await namesIn(folder), ["invented", "tmp"]);
    const { missing, archive } = await writeArchive(dir, PARTIAL);
    assert.deepEqual(missing, ["shard_2.out.json"]);
    assert.deepEqual(verifyArchive(archive).findings, []);
    await assert.rejects(writeArchive(dir, PARTIAL), /it exists already/);
  }));

/** A merged run whose spec names files beside it, above it, and elsewhere by an absolute path. */
async function withData(folder: string) {
  const config = join(folder, "study", "specs", "spec.json");
  const absolute = join(folder, "elsewhere.parquet");
  const paths = ["spec.json", "data/a.parquet", "../b.parquet", absolute];
  const dir = join(folder, "invented");
  await Deno.mkdir(join(folder, "study", "specs", "data"), { recursive: true });
  const inputs = await Promise.all(paths.map(async (path) => {
    const where = path.startsWith("/") ? path : join(dirname(config), path);
    const text = `bytes of ${basename(path)}`;
    await writeFile(where, text);
    return { path, bytes: text.length, sha256: createHash("sha256").update(text).digest("hex") };
  }));
  await writeRun(inventedRun(dir, { n_toys: 4, shards: 1, config, inputs }));
  await merge(dir);
  return { dir, config, absolute };
}

Deno.test("an archive has the spec and its files so that relative paths stay valid, and lists those with other names", () =>
  inFolder(async (folder) => {
    const { dir, absolute } = await withData(folder);
    const { archive, missing_inputs, n_files } = await writeArchive(dir, WHOLE);
    assert.deepEqual(missing_inputs, []);
    assert.deepEqual(verifyArchive(archive).findings, []);
    const place = await unpacked(archive, folder);
    const packed = (await filesIn(place)).filter((name) => /inputs/i.test(name));
    const renamed = "inputs/renamed/3_elsewhere.parquet";
    const kept = ["inputs/b.parquet", "inputs/specs/data/a.parquet", "inputs/specs/spec.json"];
    assert.deepEqual(packed, ["RENAMED_INPUTS.txt", kept[0], renamed, ...kept.slice(1)]);
    assert.equal(await readFile(join(place, "RENAMED_INPUTS.txt"), "utf8"), `${renamed}\t${absolute}\n`);
    assert.equal(await readFile(join(place, "inputs/b.parquet"), "utf8"), "bytes of b.parquet");
    assert.equal((await filesIn(place)).length, n_files);
    await rm(join(folder, "study"), { recursive: true });
    assert.deepEqual(verifyRun(place).findings, []);
    await writeFile(join(place, "inputs/b.parquet"), "bytes of c.parquet");
    assert.deepEqual(verifyRun(place).findings.map(({ what }) => what).sort(), [
      "has another sha256 than SHA256SUMS says",
      "is not the file that the run was rendered with",
    ]);
  }));

Deno.test("an input that is gone or has changed is named and left out, and with no inputs wanted nobody reads them", () =>
  inFolder(async (folder) => {
    const { dir, config, absolute } = await withData(folder);
    await rm(absolute);
    await writeFile(config, "bytes of another");
    const { archive, missing_inputs } = await writeArchive(dir, WHOLE);
    assert.deepEqual(missing_inputs.map(({ path }) => path), [config, absolute]);
    assert.match(
      missing_inputs.map(({ what }) => what).join("; "),
      /^has changed since the run was rendered; is not there/,
    );
    assert.deepEqual(verifyArchive(archive).findings, []);
    const without = await writeArchive(dir, { ...WHOLE, inputs: false, out: join(folder, "without.tar") });
    assert.deepEqual(without.missing_inputs, []);
    assert.deepEqual(verifyArchive(without.archive).findings, []);
    assert.equal(without.n_files, 6);
  }));

Deno.test("a file that is no archive is distinguished from a damaged archive", () =>
  inFolder(async (folder) => {
    assert.throws(() => verifyArchive(join(folder, "none.tar")), /Cannot read the archive ".*": it is not there/);
    assert.throws(() => verifyArchive(folder), /Cannot read the archive ".*": it is no regular file/);
    const path = join(folder, "text.tar");
    await writeFile(path, "x".repeat(2000));
    assert.match(verifyArchive(path).findings[0]?.what ?? "", /has a header that is not as archive writes it/);
  }));
