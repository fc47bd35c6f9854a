import { basename, dirname, join, resolve } from "node:path";
import { RUN_SCHEMA } from "../../core/contracts/manifest.ts";
import { errorText, FarmError } from "../../core/errors.ts";
import { faultWords, shownPath } from "../../core/file_fault.ts";
import { MANIFEST } from "../../core/run_paths.ts";
import { readRegular } from "../disk/read_file.ts";

/** Users whose files are run: root, the owner of this program, and who runs it. */
export type Trusted = ReadonlySet<number>;

/** What the file is to be used as. */
type Kind = "plugin" | "profile";

const MOST_BYTES = 4 * 1024 * 1024;
const MOST_LINKS = 20;
const STICKY = 0o1000;
const OTHERS_WRITE = 0o022;

interface TrustedFile {
  /** With links resolved. */
  file: string;
  bytes: Uint8Array;
}

/**
 * Reads a file that nobody but trusted users can change or put in the place of another: it, the links that lead to it,
 * and all folders above belong to them, and nobody else can write there (but to a folder like /tmp, where one can only
 * touch what is one's own).
 * @throws {FarmError} input
 */
export function readTrusted(path: string, trusted: Trusted, kind: Kind = "plugin"): TrustedFile {
  try {
    const file = follow({ path, trusted, kind });
    return { file, bytes: readRegular(file, MOST_BYTES) };
  } catch (error) {
    if (error instanceof FarmError) throw error;
    throw fault({ path: shownPath(path), kind }, faultWords(error) ?? `it ${errorText(error)}`);
  }
}

interface Wanted {
  path: string;
  trusted: Trusted;
  kind: Kind;
}

function fault({ path, kind }: Pick<Wanted, "path" | "kind">, why: string, next?: string): FarmError {
  return new FarmError("input", `Cannot use the ${kind} "${path}": ${why}`, next);
}

function follow(wanted: Wanted): string {
  let place = resolve(wanted.path);
  for (let links = 0; links <= MOST_LINKS; links++) {
    const folder = Deno.realPathSync(dirname(place));
    const file = join(folder, basename(place));
    checkFolders(wanted, folder);
    const info = Deno.lstatSync(file);
    if (!info.isSymlink) {
      if (!info.isFile) throw fault(wanted, "wanted a regular file");
      checkOne(wanted, file, info, OTHERS_WRITE);
      return file;
    }
    if (!wanted.trusted.has(info.uid ?? -1)) throw strange(wanted, file, info.uid);
    place = resolve(folder, Deno.readLinkSync(file));
  }
  throw fault(wanted, `it is a link that leads over more than ${MOST_LINKS} others`);
}

function checkFolders(wanted: Wanted, folder: string): void {
  for (let place = folder;; place = dirname(place)) {
    const info = Deno.lstatSync(place);
    checkOne(wanted, place, info, (info.mode ?? 0) & STICKY ? 0 : OTHERS_WRITE);
    if (isRunDirectory(place)) {
      throw fault(wanted, `it lies in the run directory "${place}"`, "Nothing in a run directory is run as a plugin");
    }
    if (place === dirname(place)) return;
  }
}

function checkOne(wanted: Wanted, place: string, info: Deno.FileInfo, forbidden: number): void {
  if (!wanted.trusted.has(info.uid ?? -1)) throw strange(wanted, place, info.uid);
  if (((info.mode ?? 0) & forbidden) === 0) return;
  throw fault(wanted, `others than its owner can write to "${place}"`, `Take that away: chmod go-w ${place}`);
}

function strange(wanted: Wanted, place: string, uid: number | null): FarmError {
  return fault(
    wanted,
    `"${place}" belongs to user ${uid}: wanted root, the owner of nsfarm-deno or yourself`,
    "Make a copy of your own, when you have read it",
  );
}

/** The scheduler of a run says which adapter it needs; the run never brings it along. */
function isRunDirectory(folder: string): boolean {
  try {
    return Deno.readTextFileSync(join(folder, MANIFEST)).includes(`"${RUN_SCHEMA}"`);
  } catch {
    return false;
  }
}
