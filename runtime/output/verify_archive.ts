import { createHash } from "node:crypto";
import { isWayDown, readSums, SUMS } from "../../core/archive_names.ts";
import { errorText, orElse } from "../../core/errors.ts";
import { MERGE_STATUS } from "../../core/run_paths.ts";
import { MergeStatus } from "../../core/schema/merge_report.ts";
import { readTarHeader, TAR_BLOCK, type TarFile, tarPadding } from "../../core/tar.ts";
import { sha256Of } from "../fs/hash_file.ts";
import { readNext } from "../fs/open.ts";
import { inputError, parseJson, Unreadable, unreadable } from "../fs/read.ts";
import type { Finding } from "../merge/verify.ts";

export interface ArchiveReport {
  archive: string;
  n_files: number;
  findings: Finding[];
  /** From the archive's merge_status.json; null where it has no verdict. */
  guardrails_passed: boolean | null;
}

/**
 * Checks an archive file: its headers, each file by its sum, and that the sums name all files and no others.
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
    throw inputError("the archive", path, unreadable(error), "Name a .tar, or a run directory");
  }
}

interface ReadArchive {
  /** The sha256 of each file by its name in the run's folder. */
  found: Map<string, string>;
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
      throw new Error(`has bytes after "${header.name}"`);
    }
  }
  if (read(file, TAR_BLOCK).some((byte) => byte !== 0) || file.readSync(new Uint8Array(1)) !== null) {
    throw new Error("continues after its end");
  }
  return { found, sums, status };
}

/** Returns the merge status; undefined where it cannot be read, in which case its sum shows the damage. */
const statusIn = (bytes: Uint8Array): MergeStatus | undefined =>
  orElse(undefined, () => MergeStatus.safeParse(parseJson(bytes)).data);

function hashOf(file: Deno.FsFile, { bytes }: TarFile): string {
  const hash = createHash("sha256");
  const piece = 1024 * 1024;
  for (let left = bytes; left > 0; left -= piece) hash.update(read(file, Math.min(piece, left)));
  return hash.digest("hex");
}

/** Reads exactly so many bytes. @throws {Error} where the archive ends before */
function read(file: Deno.FsFile, bytes: number): Uint8Array {
  const found = readNext(file, bytes);
  if (found.length < bytes) throw new Error("is cut off");
  return found;
}

/** Returns the differences between files and sums. */
function compare(found: ReadonlyMap<string, string>, text: string | null): Finding[] {
  if (text === null) return [{ file: SUMS, what: "is not there" }];
  const sums = new Map(readSums(text).map(({ name, sha256 }) => [name, sha256]));
  const wrong = [...sums].flatMap(([name, sha256]): Finding[] => {
    const actual = found.get(name);
    if (actual === undefined) return [{ file: name, what: `is named in ${SUMS}, but missing` }];
    return actual === sha256 ? [] : [{ file: name, what: `has another sha256 than ${SUMS} says` }];
  });
  const unnamed = [...found.keys()].filter((name) => !sums.has(name));
  return [...wrong, ...unnamed.map((file) => ({ file, what: `is not named in ${SUMS}` }))];
}
