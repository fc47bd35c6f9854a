import { dirname } from "node:path";
import { csvLine } from "../../core/csv.ts";
import { FarmError } from "../../core/errors.ts";
import { namedShards } from "../../core/format.ts";
import type { Problem } from "../../core/schema/merge_report.ts";
import { quoteWord } from "../../core/shell_quote.ts";
import { sumToys } from "../../core/toy_ranges.ts";
import { workloadOf, workloads } from "../../core/workload/registry.ts";
import type { AnyOutput, Cell, ExportColumn, ExportedRows, ExportedShard } from "../../core/workload/workload.ts";
import { infoOf } from "../fs/hash_file.ts";
import { beginsWith, type OutKind, refuseOut } from "../fs/refuse_out.ts";
import { type Fill, hashAlong, writeStreamed } from "../fs/write.ts";
import { type ProvenShards, proveShards, readAgain } from "../merge/proven_shards.ts";
import { type RunSources, runSources } from "../merge/sources.ts";
import type { RowWriter } from "./parquet.ts";

export const EXPORT_FORMATS = ["parquet", "csv"] as const;
type Format = typeof EXPORT_FORMATS[number];

interface ExportOptions {
  format: Format;
  /** A path, or a function that takes the bytes; null: beside the run directory. */
  out: string | null | ((bytes: Uint8Array) => void);
  allow_partial: boolean;
}

export interface WrittenExport {
  /** Null: it was not written to a file. */
  path: string | null;
  format: Format;
  run_id: string;
  rows: number;
  columns: string[];
  bytes: number;
  sha256: string;
  /** Toys of the run, and those of the shards in the export. */
  n_toys: number;
  n_toys_exported: number;
  /** Why shards are not in it. */
  problems: Problem[];
}

/**
 * Writes the rows of a run: one for each toy or, where outputs are counts, for each shard and hypothesis.
 * @throws {FarmError} shards, when the run is not whole and `allow_partial` is false; usage, for a path that is taken
 */
export async function exportRun(path: string, { format, out, allow_partial }: ExportOptions): Promise<WrittenExport> {
  refuseFile(path);
  const sources = runSources(path, false);
  const { run: { dir, manifest }, orders } = sources;
  const to = out ?? `${dir}.${format}`;
  const writer = await formatNamed(format);
  if (typeof to === "string") refuseOut(writer.kind, to);
  const { orders: good, problems } = provenShards(sources, allow_partial);
  const table = workloadOf(manifest).rows;
  const counted = { rows: 0 };
  const fill = fillOf(writer, table, () => readAgain(sources, good), counted);
  const sum = typeof to === "string" ? await writeStreamed(to, fill) : hashAlong(fill, to);
  return {
    ...{ path: typeof to === "string" ? to : null, format, run_id: manifest.run_id },
    ...{ ...counted, columns: table.columns.map(({ name }) => name), ...sum },
    ...{ n_toys: sumToys(orders), n_toys_exported: sumToys(good), problems },
  };
}

/** Refuses a file, such as a merged document: it does not say which shard made which toy. @throws {FarmError} usage */
function refuseFile(path: string): void {
  if (infoOf(path) === null) return;
  throw new FarmError(
    "usage",
    `Cannot export "${path}": it is a file, wanted a run directory`,
    `Perhaps nsfarm-deno export ${quoteWord(dirname(path))}`,
  );
}

/** Returns the shards to export. @throws {FarmError} shards, where all are missing, or some are and may not */
function provenShards(sources: RunSources, allow_partial: boolean): ProvenShards {
  const proven = proveShards(sources);
  const { run: { dir }, orders } = sources;
  const [first] = proven.problems;
  const is_empty = proven.orders.length === 0;
  if (!first || (allow_partial && !is_empty)) return proven;
  const bad = proven.problems.flatMap(({ shard_index }) => shard_index ?? []);
  throw new FarmError(
    "shards",
    `Cannot export "${dir}": ${namedShards(bad)} of ${orders.length} cannot be used: ${first.what}`,
    `See nsfarm-deno doctor ${quoteWord(dir)}${is_empty ? "" : "; --allow-partial exports the others"}`,
  );
}

function fillOf(
  { batch_rows, writerOf }: FormatWriter,
  table: ExportedRows<AnyOutput>,
  shards: () => Iterable<ExportedShard<AnyOutput>>,
  counted: { rows: number },
): Fill {
  return (write) => {
    const writer = writerOf(table.columns, write);
    for (const batch of batches(shards(), table, batch_rows)) {
      writer.write(batch);
      counted.rows += batch[0]?.length ?? 0;
    }
    writer.finish();
  };
}

/** Returns the values of the columns, in batches of rows; those of one batch are in memory. */
function* batches(
  shards: Iterable<ExportedShard<AnyOutput>>,
  { count, columns }: ExportedRows<AnyOutput>,
  most: number,
): Generator<Cell[][]> {
  let [batch, filled] = [columns.map((): Cell[] => []), 0];
  for (const shard of shards) {
    const n = count(shard.output);
    for (let from = 0; from < n;) {
      const to = Math.min(n, from + most - filled);
      for (const [c, column] of columns.entries()) appendCells(batch[c], column, shard, from, to);
      [filled, from] = [filled + to - from, to];
      if (filled < most) continue;
      yield batch;
      [batch, filled] = [columns.map((): Cell[] => []), 0];
    }
  }
  if (filled > 0) yield batch;
}

function appendCells(
  cells: Cell[] | undefined,
  column: ExportColumn,
  shard: ExportedShard<AnyOutput>,
  from: number,
  to: number,
): void {
  for (let i = from; i < to; i++) cells?.push(column.of(shard, i));
}

interface FormatWriter {
  kind: OutKind;
  batch_rows: number;
  writerOf(columns: readonly ExportColumn[], write: (bytes: Uint8Array) => void): RowWriter;
}

/** Loads the library of Parquet only for that format. */
async function formatNamed(format: Format): Promise<FormatWriter> {
  const kind = { flag: "--out", what: `${format === "csv" ? "CSV" : "Parquet"} export`, name: null };
  if (format === "csv") return { kind: { ...kind, isOne: isOurCsv }, batch_rows: CSV_ROWS, writerOf: csvWriter };
  const { isOurParquet, parquetWriter, ROW_GROUP_ROWS } = await import("./parquet.ts");
  return { kind: { ...kind, isOne: isOurParquet }, batch_rows: ROW_GROUP_ROWS, writerOf: parquetWriter };
}

/** Lines that are encoded at once. */
const CSV_ROWS = 5000;

const headerOf = (columns: readonly ExportColumn[]): string => csvLine(columns.map(({ name }) => name));

/** Columns with which every export of a workload begins, by whatever version. */
const FIRST_COLUMNS = 3;

const isOurCsv = (path: string): boolean =>
  beginsWith(path, (head) => {
    const [line = ""] = /^.*\r\n/.exec(head) ?? [];
    return workloads().some(({ rows: { columns } }) => isHeaderOf(columns, line));
  });

/** Returns whether a line is the header of an export by this version, or by one that had fewer columns. */
function isHeaderOf(columns: readonly ExportColumn[], line: string): boolean {
  const names = new Set(line.trimEnd().split(","));
  const had = columns.filter(({ name }, i) => i < FIRST_COLUMNS || names.has(name));
  return line === headerOf(had);
}

function csvWriter(columns: readonly ExportColumn[], write: (bytes: Uint8Array) => void): RowWriter {
  const encoder = new TextEncoder();
  write(encoder.encode(headerOf(columns)));
  return {
    write: (batch) => {
      const n = batch[0]?.length ?? 0;
      const lines = Array.from({ length: n }, (_, i) => csvLine(batch.map((cells) => cells[i] ?? null)));
      write(encoder.encode(lines.join("")));
    },
    finish: () => {},
  };
}
