import { type BasicType, ByteWriter, ParquetWriter, schemaFromColumnData } from "hyparquet-writer";
import { orElse } from "../../core/errors.ts";
import { VERSION } from "../../core/version.ts";
import type { Cell, ExportColumn } from "../../core/workload/workload.ts";
import { parquetFooter } from "../render/parquet_rows.ts";

/** Writes rows in one format. A batch has the values of each column. */
export interface RowWriter {
  write(batch: Cell[][]): void;
  finish(): void;
}

export const ROW_GROUP_ROWS = 100_000;

/** The program in the footer's `created_by`. */
const PROGRAM = "nsfarm-deno";

const TYPES: Record<ExportColumn["type"], BasicType> = {
  integer: "INT64",
  real: "DOUBLE",
  boolean: "BOOLEAN",
  text: "STRING",
};

/** Passes the bytes on after each row group, so that only one is in memory. */
class StreamedBytes extends ByteWriter {
  constructor(readonly pass: (bytes: Uint8Array) => void) {
    super();
  }

  flush(): void {
    this.pass(this.getBytes());
    this.index = 0;
  }

  override finish(): void {
    this.flush();
  }
}

/** Returns a writer of Parquet: one row group for each batch. Loaded only where it is called, as the library is. */
export function parquetWriter(columns: readonly ExportColumn[], write: (bytes: Uint8Array) => void): RowWriter {
  const columnData = columns.map(({ name, type }) => ({
    name,
    type: TYPES[type],
    data: [],
    nullable: type !== "integer",
  }));
  const writer = new ParquetWriter({
    writer: new StreamedBytes(write),
    schema: schemaFromColumnData({ columnData }),
    createdBy: `${PROGRAM} ${VERSION}`,
  });
  return {
    write: (batch) => {
      const columnData = columns.map((column, i) => dataOf(column, batch[i] ?? []));
      writer.write({ columnData, rowGroupSize: ROW_GROUP_ROWS });
    },
    finish: () => {
      writer.finish();
    },
  };
}

/** Returns the data of a column. A dictionary would take 0 and -0 for one value, so that reals have none. */
function dataOf({ name, type }: ExportColumn, cells: Cell[]) {
  if (type === "integer") return { name, data: BigInt64Array.from(cells, wholeOf) };
  return type === "real" ? { name, data: cells, encoding: "PLAIN" as const } : { name, data: cells };
}

/** Returns a whole number; a workload has one in each row of such a column. */
function wholeOf(cell: Cell): bigint {
  if (typeof cell === "number") return BigInt(cell);
  throw new Error(`wanted a whole number, not ${cell}`);
}

export const isOurParquet = (path: string): boolean =>
  orElse(false, () => parquetFooter(path).created_by?.startsWith(`${PROGRAM} `) ?? false);
