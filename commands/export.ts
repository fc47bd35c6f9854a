import { FarmError } from "../core/errors.ts";
import { problemLines } from "../core/merge/report.ts";
import { writeAll } from "../runtime/fs/write.ts";
import { EXPORT_FORMATS, exportRun, type WrittenExport } from "../runtime/output/export.ts";
import { defineCommand, defineFlags, type Output } from "./flags.ts";
import { answering } from "./output.ts";

const exportFlags = defineFlags({
  format: {
    type: "string",
    choices: EXPORT_FORMATS,
    placeholder: "format",
    help: "format of the file (default: by the end of --out)",
  },
  out: { type: "path", help: "path of the file, - for stdout (default: beside the run directory)" },
  "allow-partial": { type: "boolean", help: "export the valid shards if some are missing" },
});

export default defineCommand({
  needs: ["read", "write"],
  flags: exportFlags,
  run: async ({ args, flags: { format: given, out: path = null, allowPartial }, out }) => {
    const format = given ?? formatOf(path);
    const to = path === "-" ? stdoutFor(format, out.json) : path;
    try {
      report(await exportRun(args[0] ?? "", { format, out: to, allow_partial: allowPartial }), out);
    } catch (error) {
      if (!(error instanceof NobodyReads)) throw error;
    }
  },
});

/** Returns the format that the end of a path names. @throws {FarmError} usage */
function formatOf(path: string | null): typeof EXPORT_FORMATS[number] {
  const format = EXPORT_FORMATS.find((one) => path?.endsWith(`.${one}`));
  if (format !== undefined) return format;
  const next = "Give one, or a path with --out that ends with it";
  throw new FarmError("usage", `Cannot export without --format: wanted ${EXPORT_FORMATS.join(" or ")}`, next);
}

function report(written: WrittenExport, out: Output): void {
  for (const line of partLines(written)) out.note(line);
  const { path, rows, columns, bytes, sha256 } = written;
  const what = `${rows} rows of ${columns.length} columns, ${bytes} bytes, sha256 ${sha256}`;
  if (path === null) out.note(what);
  else out.print(`${path}\n${what}`);
  out.document(written);
}

/** Ends an export to a pipe whose reader has ended, such as head(1). */
class NobodyReads extends Error {}

/** Returns the function that writes to stdout. @throws {FarmError} usage, where the rows would not be alone there */
function stdoutFor(format: string, json: boolean): (bytes: Uint8Array) => void {
  const next = "Give a path with --out";
  if (json) throw new FarmError("usage", "Cannot print both the rows and --json to stdout", next);
  if (format === "parquet" && Deno.stdout.isTerminal()) {
    throw new FarmError("usage", "Cannot print Parquet to a terminal", `${next}, or redirect it`);
  }
  return (bytes) => {
    if (!answering(() => writeAll(Deno.stdout, bytes))) throw new NobodyReads();
  };
}

function partLines({ problems, n_toys, n_toys_exported }: WrittenExport): string[] {
  if (problems.length === 0) return [];
  const lines = problemLines(problems).map((line) => `  ${line}`);
  return [`partial export, ${n_toys_exported} of ${n_toys} toys:`, ...lines];
}
