import { isAbsolute, join, normalize, relative } from "node:path";

/** Name of a run's manifest. All names of files in a run directory are defined here, relative to it. */
export const MANIFEST = "manifest.json";

export const MERGED = "merged.out.json";

export const SUBMIT_META = "submit_meta.json";

/** What a person has asked of a run that runs: pause, throttle, pilots. */
export const STEERING = "steering.json";

/** Lock that is held while jobs of the run are submitted or cancelled. */
export const SUBMIT_LOCK = ".submit.lock";

/** Lock that is held while results are fetched from a scheduler and moved to INCOMING. */
export const FETCH_LOCK = ".fetch.lock";

export const MERGE_STATUS = "merge_status.json";
/** Locked while MERGED and MERGE_STATUS are written, so that both are of one merge. */
export const MERGE_LOCK = `.${MERGE_STATUS}.lock`;

export const ATTEMPTS = "attempts";

export const INCOMING = "incoming";

/** Folder in which results arrive that a scheduler keeps until they are fetched, before they are moved to INCOMING. */
export const FETCHED = "fetched";

export const CLAIMS = "claims";

export const ASIDE = "aside";

export const LOGS = "logs";

/** First part of the names of the files that mark the ends for which --on-end was started. */
export const ON_END = ".on_end.";

/** File with the names of the ssh hosts that have a folder of the run. */
export const HOSTS = "hosts";

export const outName = (shard: number): string => `shard_${shard}.out.json`;

export const metricsName = (shard: number): string => `shard_${shard}.metrics.json`;

/** Returns the name of the lock for moving a file of the shard aside, or for naming it where link(2) is missing. */
export const commitName = (shard: number): string => `shard_${shard}.commit`;

export const stdoutName = (shard: number): string => `shard_${shard}.stdout`;

export const stderrName = (shard: number): string => `shard_${shard}.stderr`;

/** Returns how the names of an attempt's files begin. @param attempt its number, or its name on a machine that sends */
export const attemptStem = (shard: number, attempt: number | string): string => `shard_${shard}.${attempt}`;

export const attemptName = (shard: number, attempt: number): string => `${attemptStem(shard, attempt)}.json`;

/** Kinds of side files of the old wrappers. */
export const OLD_SIDE_KINDS = ["rc", "host", "elapsed_s"] as const;

export type OldSideKind = typeof OLD_SIDE_KINDS[number];

export const oldSideName = (shard: number, kind: OldSideKind): string => `shard_${shard}.${kind}`;

const SHARD_FILE = /^shard_(0|[1-9][0-9]{0,6})\.(out\.json|metrics\.json|rc|host|elapsed_s|stdout|stderr|commit)$/;

const ATTEMPT_FILE = /^shard_(0|[1-9][0-9]{0,6})\.([1-9][0-9]{0,4})\.json$/;

/** Reads a shard's index and kind from a file name; undefined for any other name (`shard_01…`, `shard_1e3…`). */
export function readShardName(name: string): { shard: number; kind: string } | undefined {
  const [, shard, kind] = SHARD_FILE.exec(name) ?? [];
  return shard === undefined || kind === undefined ? undefined : { shard: Number(shard), kind };
}

export function readAttemptName(name: string): { shard: number; attempt: number } | undefined {
  const [, shard, attempt] = ATTEMPT_FILE.exec(name) ?? [];
  return shard === undefined ? undefined : { shard: Number(shard), attempt: Number(attempt) };
}

const TEMPORARY = /^\.(.+)\.([0-9a-f-]{8})-([1-9][0-9]*)-([0-9]+)-[0-9a-z]+\.tmp$/;

/** Longest temporary name in bytes: a name of the file system's full length can be given (255, eCryptfs 143). */
const TEMPORARY_BYTES = 140;

/** Returns the first 8 digits of a boot id, mixed with the PID namespace in it, if any. */
export function bootTag(boot_id: string): string {
  const [boot = "", namespace = "0"] = boot_id.split("/");
  if (namespace === "0") return boot.slice(0, 8);
  return ((Number.parseInt(boot.slice(0, 8), 16) ^ Number(namespace)) >>> 0).toString(16).padStart(8, "0");
}

/** Returns a temporary name beside `name`, shortened if long: tag of the boot id, pid, start ticks, a unique part. */
export function temporaryName(
  name: string,
  owner: { boot_id: string; pid: number; start_ticks: string },
  unique: string,
): string {
  const tail = `.${bootTag(owner.boot_id)}-${owner.pid}-${owner.start_ticks}-${unique}.tmp`;
  return `.${firstBytes(name, TEMPORARY_BYTES - 1 - tail.length)}${tail}`;
}

/** Returns the start of a text: whole characters with at most `bytes` bytes of UTF-8. */
function firstBytes(text: string, bytes: number): string {
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(bytes));
  return text.slice(0, read);
}

export function readTemporaryName(
  name: string,
): { of: string; boot: string; pid: number; start_ticks: string } | undefined {
  const [, of, boot, pid, start_ticks] = TEMPORARY.exec(name) ?? [];
  if (of === undefined || boot === undefined || start_ticks === undefined) return undefined;
  return { of, boot, pid: Number(pid), start_ticks };
}

const OUR_FOLDERS = new Set([ATTEMPTS, INCOMING, FETCHED, CLAIMS, ASIDE]);

const OUR_FILES = new Set([MANIFEST, MERGED, SUBMIT_META, MERGE_STATUS, STEERING]);

/** Returns whether a path in a run directory is reserved, so that a scheduler's adapter may not write it. */
export function isOurName(path: string): boolean {
  const [first = ""] = path.split("/");
  return OUR_FOLDERS.has(first) || OUR_FILES.has(path) || /^\.|^shard_/.test(first);
}

/** Files and folders that only a run directory has, besides its manifest: the old ssh runner's, and job files. */
const ONLY_THERE = /^(?:shards|submit_meta\.json|(?:slurm_array_job|condor_job|run_one_shard|job_wrapper)\b.*)$/;

/** Returns whether a name in a folder shows that it is a run directory. */
export function isOfRunDirectory(name: string): boolean {
  return readShardName(name) !== undefined || OUR_FOLDERS.has(name) || ONLY_THERE.test(name);
}

/** Returns whether a normalized path is a folder or lies in it. */
export function isInside(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way !== ".." && !way.startsWith("../") && !isAbsolute(way);
}

/**
 * Returns the present location of a file that a document names. A file inside the document's own folder has moved with
 * it: a copy is read and written in place, never in its original. Returns null for a file outside.
 * @param written path in the document
 * @param before folders in which the document may have been when it was written
 * @param now present folder
 */
export function pathNow(written: string, before: readonly string[], now: string): string | null {
  const path = normalize(isAbsolute(written) ? written : join(now, written));
  const folders = [now, ...before.map(normalize)].filter((folder) => isAbsolute(folder) && folder !== "/");
  const holding = folders.filter((folder) => isInside(path, folder));
  if (holding.length === 0) return null;
  // A copy may lie inside its original, or the other way round: the innermost folder is meant.
  const meant = holding.reduce((inner, folder) => folder.length > inner.length ? folder : inner);
  return join(now, relative(meant, path));
}
