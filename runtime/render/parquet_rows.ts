import { type FileMetaData, parquetMetadata } from "hyparquet";
import { errorText } from "../../core/errors.ts";
import { readNext } from "../fs/open.ts";

const MAX_FOOTER_BYTES = 16 * 1024 * 1024;
/** Size of the end of every Parquet file: the footer's length and "PAR1" (parquet.apache.org, "File Format"). */
const END_BYTES = 8;

/**
 * Returns the number of rows of a Parquet file, read from its footer. Loaded only where it is called: hyparquet takes a
 * moment to start.
 * @throws {Error} when it is no Parquet file
 */
export const parquetRows = (path: string): number => Number(parquetFooter(path).num_rows);

/** Returns the footer of a Parquet file. @throws {Error} when it is no Parquet file */
export function parquetFooter(path: string): FileMetaData {
  const file = Deno.openSync(path, { read: true });
  try {
    const { size } = file.statSync();
    const length = new DataView(readEnd(file, size, END_BYTES)).getUint32(0, true) + END_BYTES;
    if (length > Math.min(size, MAX_FOOTER_BYTES)) throw new Error(`its footer would have ${length} bytes`);
    return parquetMetadata(readEnd(file, size, length));
  } catch (error) {
    throw new Error(`"${path}" is no Parquet file: ${errorText(error)}`);
  } finally {
    file.close();
  }
}

function readEnd(file: Deno.FsFile, size: number, length: number): ArrayBuffer {
  if (length > size) throw new Error(`it has ${size} bytes`);
  file.seekSync(size - length, Deno.SeekMode.Start);
  const bytes = readNext(file, length);
  if (bytes.length < length) throw new Error("it was truncated meanwhile");
  return bytes.buffer;
}
