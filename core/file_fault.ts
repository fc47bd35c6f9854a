import { FarmError } from "./errors.ts";
import { readTemporaryName } from "./run_paths.ts";

/** What is wrong with a file or its place, whichever call of the system met it. */
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

/** By the codes of errno(3). */
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

/** By the names of Deno's classes, for errors that carry no code. */
const BY_NAME: Record<string, FileFault> = {
  NotFound: "absent",
  NotADirectory: "no_folder",
  PermissionDenied: "denied",
  AlreadyExists: "taken",
  FilesystemLoop: "loop",
  IsADirectory: "folder",
  Busy: "busy",
};

/** Each as the end of a sentence like: Cannot read "x": … */
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

/** What is the matter with a file; undefined for an error that is of no file. */
export function fileFault(error: unknown): FileFault | undefined {
  if (!(error instanceof Error)) return undefined;
  if (error.name === "NotCapable") return error.message.startsWith("Requires all access") ? "barred" : undefined;
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  // A raw code without Deno's class comes with the words of the system.
  return BY_CODE[code] ?? BY_NAME[error.name] ?? (/\(os error \d+\)/.test(error.message) ? "io" : undefined);
}

/** Whether a file is known not to be there; what could not be looked at is unknown. */
export function isAbsent(error: unknown): boolean {
  const fault = fileFault(error);
  return fault === "absent" || fault === "no_folder";
}

/** Faults that may be gone at the next try: of a file server, or of others that use the same file. */
const PASSING: ReadonlySet<FileFault> = new Set<FileFault>(["io", "busy", "stale"]);

export const isPassing = (fault: FileFault): boolean => PASSING.has(fault);

/** What is the matter in words; undefined for an error that is of no file. */
export function faultWords(error: unknown): string | undefined {
  const fault = fileFault(error);
  if (fault === undefined) return undefined;
  const number = fault === "io" && error instanceof Error ? /\(os error \d+\)/.exec(error.message)?.[0] : undefined;
  return number === undefined ? WORDS[fault] : `${WORDS[fault]} ${number.replace("os error", "error")}`;
}

const ELSEWHERE = "Give a path on a disk instead: in the run directory, your home or /var/tmp";

/** What one can do about a file that cannot be used now. */
const NEXT_IN_PASSING = {
  busy: "Run the same command again when it is free",
  stale: "Repeat the command; if it fails again, ask the administrators of the file server",
  io: "Repeat the command; if it fails again, ask the administrators of the disk",
};

/** What one can do about a file that cannot be read. */
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

/** What one can do about a file that cannot be written. */
export const adviceForWriting = (fault: FileFault): string =>
  NEXT_FOR_WRITING[fault] ?? `Choose another place, ${SAME_COMMAND}`;

const LONGEST = 300;

/** A path as it is shown: of one that fills the screen its start and end. */
export function shownPath(path: string): string {
  const named = path.split("/").map((name) => readTemporaryName(name)?.of ?? name).join("/");
  return named.length <= LONGEST ? named : `${named.slice(0, 120)} … ${named.slice(-60)}`;
}

/**
 * The error of a file as a user sees it; what is of no file stays as it is.
 * @param doing read, list, look at …
 */
export function fileError(doing: string, path: string, error: unknown): unknown {
  const fault = fileFault(error);
  if (fault === undefined) return error;
  return new FarmError("input", `Cannot ${doing} "${shownPath(path)}": ${faultWords(error)}`, adviceFor(fault));
}

/** What Deno and Node add to the system's words: `… (os error 13): lstat '/a/b'`, `…, stat '/a/b'`, `… to "/dev/x", …`. */
const PATH_IN_ERROR = /[:,] ([a-z]+) '(.*?)'(?: -> '.*')?$|access to "([^"]*)"/s;

/**
 * As fileError, for an error of a file that nobody expected: by the call and the path in its message. That a file
 * cannot be used is never our bug, wherever it was met.
 */
export function unexpectedFileError(error: unknown): unknown {
  if (!(error instanceof Error) || fileFault(error) === undefined) return error;
  const [, call = "use", path, barred] = PATH_IN_ERROR.exec(error.message) ?? [];
  const named = path ?? barred;
  return named === undefined ? error : fileError(call, named, error);
}
