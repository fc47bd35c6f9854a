import { parquetWriteBuffer } from "hyparquet-writer";

/** Writes a Parquet file with columns of numbers. */
export function writeColumns(path: string, columns: Record<string, number[]>): void {
  const columnData = Object.entries(columns).map(([name, data]) => ({ name, data, type: "DOUBLE" as const }));
  Deno.writeFileSync(path, new Uint8Array(parquetWriteBuffer({ columnData })));
}
