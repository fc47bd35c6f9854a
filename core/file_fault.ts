import { FarmError } from "./errors.ts";
import { readTemporaryName } from "./run_paths.ts";

/** Kinds of faults of a file or its path, whichever system call reported them. */
export type FileFault =
  | "absent"
  | "no_folder"
  | "denied"
  /** Deno opens nothing below /dev, /proc and /sys for a program that can give up permissions. */
  | "barred"
  | "full"
  | "quota"
  | "read_only"
  | "long"
  | "loop"
  | "folder"
  | "taken"
  | "busy"
  | "stale"
  | "io";

/** Faults by the codes of errno(3). */
const BY_CODE: Record<string, FileFault> = {
  ENOENT: "absent",
  ENOTDIR: "no_folder",
  EACCES: "denied",
  EPERM: "denied",
  ENOSPC: "full",
  EDQUOT: "quota",
  EROFS: "read_only",
  ENAMETOOLONG: "long",
  ELOOP: "loop",
  EISDIR: "folder",
  EEXIST: "taken",
  ENOTEMPTY: "taken",
  EBUSY: "busy",
  ETXTBSY: "busy",
  ESTALE: "stale",
  EIO: "io",
  ENXIO: "io",
  ENODEV: "io",
  EINVAL: "io",
  EMFILE: "busy",
  ENFILE: "busy",
  ETIMEDOUT: "io",
  EHOSTDOWN: "io",
  EREMOTEIO: "io",
  ENOTCONN: "io",
};

/** Faults by the names of Deno's error classes, for errors without a code. */
const BY_NAME: Record<string, FileFault> = {
  NotFound: "absent",
  NotADirectory: "no_folder",
  PermissionDenied: "denied",
  AlreadyExists: "taken",
  FilesystemLoop: "loop",
  IsADirectory: "folder",
  Busy: "busy",
};

/** Each fault as the end of a sentence: Cannot read "x": … */
const WORDS: Record<FileFault, string> = {
  absent: "it is not there",
  no_folder: "its parent is a file, not a folder",
  denied: "permission is denied",
  barred: "nsfarm-deno cannot use files below /dev, /proc and /sys",
  full: "the disk is full",
  quota: "the disk quota is used up",
  read_only: "the file system is read-only",
  long: "the name is too long",
  loop: "it is a link that leads back to itself",
  folder: "it is a folder",
  taken: "something else is there",
  busy: "it is in use",
  stale: "the file was replaced on its file server (stale handle)",
  io: "the disk or its file server reports an error",
};

/** Returns the fault of a file error; undefined for an error that concerns no file. */
export function fileFault(error: unknown): FileFault | undefined {
  if (!(error instanceof Error)) return undefined;
  if (error.name === "NotCapable") return error.message.startsWith("Requires all access") ? "barred" : undefined;
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  // An errno without a class of Deno's comes with the system's text.
  return BY_CODE[code] ?? BY_NAME[error.name] ?? (/\(os error \d+\)/.test(error.message) ? "io" : undefined);
}

/** Returns whether the error proves that a file does not exist; a file that could not be checked is unknown. */
export function isAbsent(error: unknown): boolean {
  const fault = fileFault(error);
  return fault === "absent" || fault === "no_folder";
}

/** Returns what `act` returns; `otherwise` where a file that it needs does not exist. */
export function ifThere<T, U>(otherwise: U, act: () => T): T | U {
  try {
    return act();
  } catch (error) {
    if (isAbsent(error)) return otherwise;
    throw error;
  }
}

/** Faults that can pass by themselves: of a file server, or of other processes that use the same file. */
const PASSING: ReadonlySet<FileFault> = new Set<FileFault>(["io", "busy", "stale"]);

export const isPassing = (fault: FileFault): boolean => PASSING.has(fault);

/** Returns the fault in words; undefined for an error that concerns no file. */
export function faultWords(error: unknown): string | undefined {
  const fault = fileFault(error);
  if (fault === undefined) return undefined;
  const number = fault === "io" && error instanceof Error ? /\(os error \d+\)/.exec(error.message)?.[0] : undefined;
  return number === undefined ? WORDS[fault] : `${WORDS[fault]} ${number.replace("os error", "error")}`;
}

const ELSEWHERE = "Give a path on a disk instead: in the run directory, your home or /var/tmp";

/** Next steps for files that cannot be used now. */
const NEXT_IN_PASSING = {
  busy: "Run the same command again when it is free",
  stale: "Repeat the command; if it fails again, ask the administrators of the file server",
  io: "Repeat the command; if it fails again, ask the administrators of the disk",
};

/** Next steps for files that cannot be read. */
const NEXT: Partial<Record<FileFault, string>> = {
  denied: "Ask its owner to let you read it (chmod -R g+rX), or make a copy of your own where you can",
  barred: ELSEWHERE,
  long: "Give a shorter one",
  loop: "Give the file or folder that is meant",
  full: "Free some space, then run the same command again",
  ...NEXT_IN_PASSING,
};

export const adviceFor = (fault: FileFault): string | undefined => NEXT[fault];

const SAME_COMMAND = "then run the same command again";

const NEXT_FOR_WRITING: Partial<Record<FileFault, string>> = {
  barred: ELSEWHERE,
  denied: `Ask its owner to let you write there, or choose another place, ${SAME_COMMAND}`,
  full: `Free some space or choose another place, ${SAME_COMMAND}`,
  quota: `Free some space or choose another place, ${SAME_COMMAND}`,
  ...NEXT_IN_PASSING,
};

/** Returns the next step for a file that cannot be written. */
export const adviceForWriting = (fault: FileFault): string =>
  NEXT_FOR_WRITING[fault] ?? `Choose another place, ${SAME_COMMAND}`;

const LONGEST = 300;

/** Returns a path for display; only start and end of a very long one. */
export function shownPath(path: string): string {
  const named = path.split("/").map((name) => readTemporaryName(name)?.of ?? name).join("/");
  return named.length <= LONGEST ? named : `${named.slice(0, 120)} … ${named.slice(-60)}`;
}

/** Returns a file error as the user sees it; any other error unchanged. @param doing verb of the message: read, list */
export function fileError(doing: string, path: string, error: unknown): unknown {
  const fault = fileFault(error);
  if (fault === undefined) return error;
  return new FarmError("input", `Cannot ${doing} "${shownPath(path)}": ${faultWords(error)}`, adviceFor(fault));
}

/** What Deno and Node append to the system's text: `… (os error 13): lstat '/a/b'`, `… to "/dev/x", …`. */
const PATH_IN_ERROR = /[:,] ([a-z]+) '(.*?)'(?: -> '.*')?$|access to "([^"]*)"/s;

/**
 * Returns a file error that no caller handled as fileError() would, with the call and the path from its message: a file
 * that cannot be used is never an internal error.
 */
export function unexpectedFileError(error: unknown): unknown {
  const fault = fileFault(error);
  if (!(error instanceof Error) || fault === undefined) return error;
  const [, call = "use", path, barred] = PATH_IN_ERROR.exec(error.message) ?? [];
  const named = path ?? barred;
  if (named !== undefined) return fileError(call, named, error);
  // Errors of an open file name none.
  return OF_DISK.has(fault)
    ? new FarmError("input", `Cannot use a file: ${faultWords(error)}`, adviceFor(fault))
    : error;
}

/** Faults of a disk or file server, never of this program. */
const OF_DISK: ReadonlySet<FileFault> = new Set<FileFault>(["io", "stale", "full", "quota"]);
