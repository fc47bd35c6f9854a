import { readdirSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { errorText, FarmError, orElse } from "../../core/errors.ts";
import { faultWords, shownPath } from "../../core/file_fault.ts";
import { MANIFEST } from "../../core/run_paths.ts";
import { RUN_SCHEMAS } from "../../core/schema/manifest.ts";
import { readRegular } from "../fs/read.ts";
import { ownBinary } from "../system/process.ts";

/** Users whose files may be run: root, the owner of this program, and the user who runs it. */
export type Trusted = ReadonlySet<number>;

type Kind = "plugin" | "profile";

const MAX_BYTES = 4 * 1024 * 1024;
const MAX_LINKS = 20;
const STICKY = 0o1000;
const OTHERS_WRITE = 0o022;

interface TrustedFile {
  /** With links resolved. */
  file: string;
  bytes: Uint8Array;
}

/**
 * Reads a file that only trusted users can change or replace: the file, the links to it, and all folders above belong
 * to them and are writable by nobody else (except folders like /tmp, where users can change only their own files).
 * @throws {FarmError} input
 */
export function readTrusted(path: string, trusted: Trusted, kind: Kind = "plugin"): TrustedFile {
  try {
    const file = follow({ path, trusted, kind });
    return { file, bytes: readRegular(file, MAX_BYTES) };
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
  for (let links = 0; links <= MAX_LINKS; links++) {
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
  throw fault(wanted, `it is a link through more than ${MAX_LINKS} others`);
}

function checkFolders(wanted: Wanted, folder: string): void {
  for (let place = folder;; place = dirname(place)) {
    const info = Deno.lstatSync(place);
    checkOne(wanted, place, info, (info.mode ?? 0) & STICKY ? 0 : OTHERS_WRITE);
    if (isRunDirectory(place)) {
      throw fault(
        wanted,
        `it is inside the run directory "${place}"`,
        "Files in a run directory are never used as plugins or profiles",
      );
    }
    if (place === dirname(place)) return;
  }
}

function checkOne(wanted: Wanted, place: string, info: Deno.FileInfo, forbidden: number): void {
  if (!wanted.trusted.has(info.uid ?? -1)) throw strange(wanted, place, info.uid);
  if (((info.mode ?? 0) & forbidden) === 0) return;
  throw fault(
    wanted,
    `users other than its owner can write to "${place}"`,
    `Remove that permission: chmod go-w ${place}`,
  );
}

function strange(wanted: Wanted, place: string, uid: number | null): FarmError {
  return fault(
    wanted,
    `"${place}" belongs to user ${uid}: wanted root, the owner of nsfarm-deno or yourself`,
    "Read it, then use a copy that you own",
  );
}

/** Whether a folder is a run directory. A run names the adapter that it needs and never provides it. */
const isRunDirectory = (folder: string): boolean =>
  orElse(false, () => {
    const text = Deno.readTextFileSync(join(folder, MANIFEST));
    return RUN_SCHEMAS.some((schema) => text.includes(`"${schema}"`));
  });

type Way = "--plugin" | "run" | "profile" | "NSFARM_PLUGINS" | "beside nsfarm-deno";

/** A file that may be a plugin, not yet read. */
export interface PluginFile {
  path: string;
  way: Way;
  /** The only sha256 that it may have. */
  sha256?: string;
}

/** The folder beside the binary whose files are plugins. */
const FOLDER = "schedulers";

/** Places of plugins in order of precedence, and their permitted owners. */
interface Places {
  files: PluginFile[];
  trusted: Trusted;
}

let places: Places = { files: [], trusted: new Set() };

/**
 * Searches the places of plugins; once, at the start, while the program still has every permission.
 * @param named by --plugin or by a profile
 */
export function searchPlugins(named: readonly PluginFile[]): Places {
  const own = ownBinary();
  const paths = (Deno.env.get("NSFARM_PLUGINS") ?? "").split(":").filter((path) => path !== "");
  places = {
    files: [
      ...named.map((one) => ({ ...one, path: resolve(one.path) })),
      ...paths.map((path) => ({ path: resolve(path), way: "NSFARM_PLUGINS" as const })),
      ...(Deno.build.standalone ? besides(join(dirname(own), FOLDER)) : []),
    ],
    trusted: trustedUsers(),
  };
  return places;
}

/** Returns root, the owner of this program, and the user who runs it. */
export function trustedUsers(): Trusted {
  return new Set([0, Deno.statSync(ownBinary()).uid ?? 0, Deno.uid() ?? 0]);
}

/** Returns the places that searchPlugins found. */
export const pluginPlaces = (): Places => places;

const besides = (folder: string): PluginFile[] =>
  orElse([], () => {
    const names = readdirSync(folder).filter((name) => /^[^._].*\.[jt]s$/.test(name) && !name.endsWith(".d.ts")).sort();
    return names.map((name) => ({ path: join(folder, name), way: "beside nsfarm-deno" }));
  });

/** Returns the error of an unusable plugin with its file and the reason. Exit 3, as for any bad input file. */
export function pluginFault(file: string, why: string, next?: string): FarmError {
  return new FarmError("input", `Cannot use the plugin "${file}": ${why}`, next);
}

/** The error of an adapter's function that threw, or that returned a value outside the contract. */
export class MemberFault extends FarmError {
  /**
   * @param adapter the plugin's file, else the adapter's name
   * @param how "threw" with the error's message, or "returned" with the first fault of the value
   */
  constructor(adapter: string, readonly member: string, readonly how: "threw" | "returned", readonly what: string) {
    const words = how === "threw" ? `its ${member} threw: ${what}` : `its ${member} returned a wrong value: ${what}`;
    super("input", pluginFault(adapter, words).message);
  }

  /** Returns the fault with its circumstances. @param doing such as "for 40 shards" */
  during(doing: string): string {
    return this.how === "threw" ? `throws ${doing}: ${this.what}` : `returns a wrong value ${doing}: ${this.what}`;
  }
}
