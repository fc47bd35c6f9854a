import { parquetWriteBuffer } from "hyparquet-writer";
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parquetRows } from "../../../runtime/render/parquet_rows.ts";
import { inFolder } from "../../support/scratch.ts";

Deno.test("the number of rows of a Parquet file comes from its footer", () =>
  inFolder(async (folder) => {
    const path = join(folder, "x.parquet");
    for (const rows of [0, 1, 12_345]) {
      const mass = { name: "mass", data: new Float64Array(rows), type: "DOUBLE" } as const;
      await writeFile(path, new Uint8Array(parquetWriteBuffer({ columnData: [mass] })));
      assert.equal(parquetRows(path), rows);
    }
  }));

Deno.test("a file that is no Parquet file, truncated or empty is refused by name, whatever size its footer declares", () =>
  inFolder(async (folder) => {
    const path = join(folder, "x.parquet");
    for (
      const text of ["", "PAR1", "no parquet file, and long enough", "\xff\xff\xff\xffPAR1", "\x04\x00\x00\x00PAR1"]
    ) {
      await writeFile(path, Uint8Array.from(text, (c) => c.charCodeAt(0)));
      assert.throws(() => parquetRows(path), /x\.parquet" is no Parquet file: /);
    }
  }));
