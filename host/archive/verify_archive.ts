import { createHash } from "node:crypto";
import { isWayDown, readSums, SUMS } from "../../core/archive_names.ts";
import { MergeStatus } from "../../core/contracts/merge_status.ts";
import { errorText } from "../../core/errors.ts";
import { MERGE_STATUS } from "../../core/run_paths.ts";
import { readTarHeader, TAR_BLOCK, type TarFile, tarPadding } from "../../core/ustar.ts";
import { sha256Of } from "../disk/hash_file.ts";
import { inputError, parseJson, Unreadable, unreadable } from "../disk/read_file.ts";
import type { Finding } from "../merge/verify_run.ts";

export interface ArchiveReport {
  archive: string;
  n_files: number;
  findings: Finding[];
  /** Of the merged document, by the archive's merge_status.json; null where it tells nothing. */
  guardrails_passed: boolean | null;
}

/**
 * Checks an archive as it lies there: its headers, each file by its sum, and that its sums name all of them and no other.
 * @throws {FarmError} input, when it cannot be read
 */
export function verifyArchive(path: string): ArchiveReport {
  const file = openArchive(path);
  try {
    const { found, sums, status } = readArchive(file);
    return {
      archive: path,
      n_files: found.size + (sums === null ? 0 : 1),
      findings: compare(found, sums),
      guardrails_passed: status?.guardrails_passed ?? null,
    };
  } catch (error) {
    const findings = [{ file: path, what: errorText(error) }];
    return { archive: path, n_files: 0, findings, guardrails_passed: null };
  } finally {
    file.close();
  }
}

function openArchive(path: string): Deno.FsFile {
  try {
    if (!Deno.statSync(path).isFile) throw new Unreadable("is no regular file", false);
    return Deno.openSync(path);
  } catch (error) {
    const why = error instanceof Unreadable ? error : unreadable(error);
    throw inputError("the archive", path, why, "Name a .tar, or a run directory");
  }
}

interface ReadArchive {
  /** The sha256 of each file by its name in the run's folder. */
  found: Map<string, string>;
  /** The text of the sums. */
  sums: string | null;
  status: MergeStatus | undefined;
}

function readArchive(file: Deno.FsFile): ReadArchive {
  const found = new Map<string, string>();
  let sums: string | null = null;
  let status: MergeStatus | undefined;
  let folder: string | undefined;
  for (let header = readTarHeader(read(file, TAR_BLOCK)); header; header = readTarHeader(read(file, TAR_BLOCK))) {
    const [, parent, name] = /^([^/]+)\/(.+)$/.exec(header.name) ?? [];
    if (parent === undefined || name === undefined || !isWayDown(header.name)) {
      throw new Error(`has "${header.name}", which lies in no folder of a run`);
    }
    folder ??= parent;
    if (parent !== folder || found.has(name)) throw new Error(`has "${header.name}" beside "${folder}", or twice`);
    if (name === SUMS) sums = new TextDecoder().decode(read(file, header.bytes));
    else if (name === MERGE_STATUS) {
      const bytes = read(file, header.bytes);
      found.set(name, sha256Of(bytes));
      status = statusIn(bytes);
    } else found.set(name, hashOf(file, header));
    if (read(file, tarPadding(header.bytes)).some((byte) => byte !== 0)) {
      throw new Error(`has bytes behind "${header.name}"`);
    }
  }
  if (read(file, TAR_BLOCK).some((byte) => byte !== 0) || file.readSync(new Uint8Array(1)) !== null) {
    throw new Error("goes on behind its end");
  }
  return { found, sums, status };
}

/** Undefined where it cannot be read: then its sum tells whether it was damaged. */
function statusIn(bytes: Uint8Array): MergeStatus | undefined {
  try {
    const parsed = MergeStatus.safeParse(parseJson(bytes));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

function hashOf(file: Deno.FsFile, { bytes }: TarFile): string {
  const hash = createHash("sha256");
  const piece = 1024 * 1024;
  for (let left = bytes; left > 0; left -= piece) hash.update(read(file, Math.min(piece, left)));
  return hash.digest("hex");
}

/** @throws {Error} where the archive ends before */
function read(file: Deno.FsFile, bytes: number): Uint8Array {
  const buffer = new Uint8Array(bytes);
  for (let done = 0; done < bytes;) {
    const n = file.readSync(buffer.subarray(done));
    if (n === null) throw new Error("is cut off");
    done += n;
  }
  return buffer;
}

/** What does not fit between files and sums. */
function compare(found: ReadonlyMap<string, string>, text: string | null): Finding[] {
  if (text === null) return [{ file: SUMS, what: "is not there" }];
  const sums = new Map(readSums(text).map(({ name, sha256 }) => [name, sha256]));
  const wrong = [...sums].flatMap(([name, sha256]): Finding[] => {
    const actual = found.get(name);
    if (actual === undefined) return [{ file: name, what: `is named in ${SUMS}, and not there` }];
    return actual === sha256 ? [] : [{ file: name, what: `has another sha256 than ${SUMS} says` }];
  });
  const unnamed = [...found.keys()].filter((name) => !sums.has(name));
  return [...wrong, ...unnamed.map((file) => ({ file, what: `is not named in ${SUMS}` }))];
}
