import { type FileMetaData, parquetReadObjects } from "hyparquet";
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { quoteWord } from "../../../core/shell_quote.ts";
import { cutShards } from "../../../core/toys.ts";
import { sha256Of } from "../../../runtime/fs/hash_file.ts";
import { exportRun } from "../../../runtime/output/export.ts";
import { parquetFooter } from "../../../runtime/render/parquet_rows.ts";
import { inventedOutput } from "../../fixtures/output.ts";
import { type InventedRun, inventedRun, planOf } from "../../fixtures/run.ts";
import { writeRun, writeShard } from "../../fixtures/run_dir.ts";
import { inputs, namesIn } from "../../support/farm.ts";
import { inFolder } from "../../support/scratch.ts";
import { merge } from "../support/merging.ts";
import { oldRun } from "../support/old_dir.ts";

const CSV = { format: "csv", out: null, allow_partial: false } as const;
const PARQUET = { ...CSV, format: "parquet" } as const;

/** Writes a run of 12 toys in 3 shards and returns its manifest. */
async function made(folder: string, change: InventedRun = { n_toys: 12, shards: 3 }) {
  const manifest = inventedRun(join(folder, "r"), change);
  await writeRun(manifest);
  return manifest;
}

const linesOf = async (path: string | null) => (await readFile(path ?? "", "utf8")).trimEnd().split("\r\n");

/** Returns a column of a CSV file, without its header. */
const columnOf = (lines: readonly string[], i: number) => lines.slice(1).map((line) => line.split(",")[i]);

/** Returns the names of a run and of what lies beside it, temporary files among them. */
const namesBeside = async (folder: string) =>
  (await namesIn(folder)).filter((name) => !["tmp", "state"].includes(name));

async function rowsOf(path: string) {
  return await parquetReadObjects({ file: new Uint8Array(await readFile(path)).buffer });
}

Deno.test("an export lies beside the run directory, has a row per toy, and its sha256 is that of its bytes", () =>
  inFolder(async (folder) => {
    await made(folder);
    for (const format of ["csv", "parquet"] as const) {
      const { path, rows, columns, bytes, sha256 } = await exportRun(join(folder, "r"), { ...CSV, format });
      assert.deepEqual([path, rows, columns.length], [join(folder, `r.${format}`), 12, 9]);
      const written = await readFile(path ?? "");
      assert.deepEqual([written.length, sha256Of(written)], [bytes, sha256]);
    }
    const rows = await rowsOf(join(folder, "r.parquet"));
    const cells = rows.map((row) => Object.values(row).map((cell) => `${cell ?? ""}`).join());
    const [header, ...lines] = await linesOf(join(folder, "r.csv"));
    assert.deepEqual(lines, cells);
    assert.equal(header, Object.keys(rows[0] ?? {}).join());
    assert.deepEqual(await namesBeside(folder), ["r", "r.csv", "r.parquet"]);
  }));

Deno.test("rows are in toy order, also where a shard was cut in two", () =>
  inFolder(async (folder) => {
    const whole = await made(folder);
    const before = await linesOf((await exportRun(whole.run_dir, CSV)).path);
    const cut = cutShards(whole, [0, 1], "2026-11-26T10:00:00.000Z");
    await writeRun(cut);
    const after = await linesOf((await exportRun(whole.run_dir, CSV)).path);
    assert.deepEqual(columnOf(after, 7).join(), "3,3,4,4,5,5,6,6,2,2,2,2");
    const withoutShard = (lines: string[]) => lines.map((line) => line.split(",").toSpliced(7, 1).join());
    assert.deepEqual(withoutShard(after), withoutShard(before));
  }));

Deno.test("a run that is not whole is refused with the missing shards, and written where a partial one is allowed", () =>
  inFolder(async (folder) => {
    const { run_dir } = await made(folder);
    await rm(join(run_dir, "shard_0.out.json"));
    await writeFile(join(run_dir, "shard_2.out.json"), "{}");
    await assert.rejects(exportRun(run_dir, CSV), {
      kind: "shards",
      message: `Cannot export "${run_dir}": shards 0, 2 of 3 cannot be used: shard_0.out.json is not there`,
      next: `See nsfarm-deno doctor ${quoteWord(run_dir)}; --allow-partial exports the others`,
    });
    assert.deepEqual(await namesBeside(folder), ["r"]);
    const part = await exportRun(run_dir, { ...CSV, allow_partial: true });
    assert.deepEqual([part.rows, part.n_toys, part.n_toys_exported], [4, 12, 4]);
    assert.deepEqual(part.problems.map(({ shard_index }) => shard_index), [0, 2]);
    assert.deepEqual(columnOf(await linesOf(part.path), 0), ["46", "47", "48", "49"]);
    await rm(join(run_dir, "shard_1.out.json"));
    await assert.rejects(exportRun(run_dir, { ...CSV, allow_partial: true }), { kind: "shards", message: /0-2 of 3/ });
  }));

Deno.test("a shard that was generated elsewhere than most is refused, and left out of a partial export", () =>
  inFolder(async (folder) => {
    const manifest = await made(folder);
    const plan = planOf(manifest, 1);
    await writeShard(manifest, plan, inventedOutput(manifest, plan).replace('"mu_sig"', '"mu_other"'));
    await assert.rejects(exportRun(manifest.run_dir, CSV), {
      message: /shard 1 of 3 cannot be used: .* parameter list/,
    });
    const { path } = await exportRun(manifest.run_dir, { ...CSV, allow_partial: true });
    assert.equal(columnOf(await linesOf(path), 7).join(), "0,0,0,0,2,2,2,2");
  }));

Deno.test("an older export is replaced; another file, also one that is Parquet or CSV, is not", () =>
  inFolder(async (folder) => {
    const { run_dir } = await made(folder);
    const events = join(inputs(), "observed.parquet");
    for (const [format, foreign] of [["csv", "a,b\r\n1,2\r\n"], ["parquet", await readFile(events)]] as const) {
      const options = { ...CSV, format, out: join(folder, `out.${format}`) };
      await exportRun(run_dir, options);
      await exportRun(run_dir, options);
      await writeFile(options.out, foreign);
      await assert.rejects(exportRun(run_dir, options), {
        kind: "usage",
        message: /is not a (CSV|Parquet) export and would be lost/,
      });
      assert.deepEqual(await readFile(options.out), Buffer.from(foreign));
    }
    const csv = join(folder, "out.csv");
    // By a version that had fewer columns; with a column that somebody added; one of our columns in another table.
    for (
      const [header, is_ours] of [
        ["seed,toy,poi_hat,pull,nll,converged,host", true],
        ["seed,toy,poi_hat,poi_sigma,pull,nll,converged,shard,host,mine", false],
        ["seed,mine", false],
      ] as const
    ) {
      await writeFile(csv, `${header}\r\n1,2\r\n`);
      const written = await exportRun(run_dir, { ...CSV, out: csv }).then(() => true, () => false);
      assert.equal(written, is_ours, header);
    }
    const out = join(run_dir, "manifest.json");
    await assert.rejects(exportRun(run_dir, { ...CSV, out }), { message: /the run keeps one of its own files there/ });
  }));

Deno.test("a merged document is no run directory, and the error names the directory", () =>
  inFolder(async (folder) => {
    const { run_dir } = await made(folder);
    await merge(run_dir);
    await assert.rejects(exportRun(join(run_dir, "merged.out.json"), CSV), {
      kind: "usage",
      message: /it is a file, wanted a run directory/,
      next: `Perhaps nsfarm-deno export ${quoteWord(run_dir)}`,
    });
  }));

Deno.test("a row group has at most 100,000 rows, of as many shards as it takes", () =>
  inFolder(async (folder) => {
    const { run_dir } = await made(folder, { n_toys: 201_000, shards: 3 });
    const { path, rows } = await exportRun(run_dir, PARQUET);
    const footer: FileMetaData = parquetFooter(path ?? "");
    assert.deepEqual(footer.row_groups.map(({ num_rows }) => Number(num_rows)), [100_000, 100_000, 1000]);
    assert.equal(rows, 201_000);
    const seeds = (await rowsOf(path ?? "")).map(({ seed }) => Number(seed));
    assert(seeds.every((seed, i) => seed === 42 + i));
  }));

Deno.test("a run of the old scripts is exported with the hosts of its side files", () =>
  inFolder(async (folder) => {
    const { dir } = await oldRun(folder);
    const { path, rows } = await exportRun(dir, CSV);
    assert.equal(rows, 20);
    assert.deepEqual([...new Set(columnOf(await linesOf(path), 8))], ["w0", "w1", "w2", "w3"]);
  }));

Deno.test("an export to a function gives the bytes of the file", () =>
  inFolder(async (folder) => {
    const { run_dir } = await made(folder);
    for (const format of ["csv", "parquet"] as const) {
      const { path: file, sha256 } = await exportRun(run_dir, { ...CSV, format });
      const parts: Uint8Array[] = [];
      const { path, ...streamed } = await exportRun(run_dir, {
        ...{ format, allow_partial: false },
        out: (bytes) => void parts.push(bytes.slice()),
      });
      assert.deepEqual([path, streamed.sha256], [null, sha256]);
      assert.deepEqual(Buffer.concat(parts), await readFile(file ?? ""));
    }
  }));
