import { isAbsolute, join, normalize, relative } from "node:path";

/** The only place that knows the names of files in a run directory. All are relative to it. */
export const MANIFEST = "manifest.json";

export const MERGED = "merged.out.json";

export const SUBMIT_META = "submit_meta.json";

/** Held while jobs of the run are submitted or cancelled. */
export const SUBMIT_LOCK = ".submit.lock";

export const MERGE_STATUS = "merge_status.json";

export const ATTEMPTS = "attempts";

export const INCOMING = "incoming";

export const CLAIMS = "claims";

export const ASIDE = "aside";

export const LOGS = "logs";

/** Names of the ssh hosts that have a folder of the run. */
export const HOSTS = "hosts";

export const outName = (shard: number): string => `shard_${shard}.out.json`;

export const metricsName = (shard: number): string => `shard_${shard}.metrics.json`;

/** Held while a file of the shard is moved aside, or gets its name where there is no link(2). */
export const commitName = (shard: number): string => `shard_${shard}.commit`;

export const stdoutName = (shard: number): string => `shard_${shard}.stdout`;

export const stderrName = (shard: number): string => `shard_${shard}.stderr`;

export const attemptName = (shard: number, attempt: number): string => `shard_${shard}.${attempt}.json`;

/** The side files of the old wrappers. */
export const OLD_SIDE_KINDS = ["rc", "host", "elapsed_s"] as const;

export type OldSideKind = typeof OLD_SIDE_KINDS[number];

export const oldSideName = (shard: number, kind: OldSideKind): string => `shard_${shard}.${kind}`;

const SHARD_FILE = /^shard_(0|[1-9][0-9]{0,6})\.(out\.json|metrics\.json|rc|host|elapsed_s|stdout|stderr|commit)$/;

const ATTEMPT_FILE = /^shard_(0|[1-9][0-9]{0,6})\.([1-9][0-9]{0,4})\.json$/;

/** Reads a shard's index and kind from a file name, or undefined for any other (`shard_01…`, `shard_1e3…`). */
export function readShardName(name: string): { shard: number; kind: string } | undefined {
  const [, shard, kind] = SHARD_FILE.exec(name) ?? [];
  return shard === undefined || kind === undefined ? undefined : { shard: Number(shard), kind };
}

export function readAttemptName(name: string): { shard: number; attempt: number } | undefined {
  const [, shard, attempt] = ATTEMPT_FILE.exec(name) ?? [];
  return shard === undefined ? undefined : { shard: Number(shard), attempt: Number(attempt) };
}

const TEMPORARY = /^\.(.+)\.([0-9a-f-]{8})-([1-9][0-9]*)-([0-9]+)-[0-9a-z]+\.tmp$/;

/** No temporary name is longer, so that a name as long as a file system takes (255 bytes, eCryptfs 143) can be given. */
const TEMPORARY_BYTES = 140;

/**
 * A temporary name beside `name` that tells whose it is: first 8 of the boot id, pid, start ticks, a unique part. Of a
 * long name it has the start.
 */
export function temporaryName(
  name: string,
  owner: { boot_id: string; pid: number; start_ticks: string },
  unique: string,
): string {
  const tail = `.${owner.boot_id.slice(0, 8)}-${owner.pid}-${owner.start_ticks}-${unique}.tmp`;
  return `.${firstBytes(name, TEMPORARY_BYTES - 1 - tail.length)}${tail}`;
}

/** The start of a text, in whole characters of at most so many bytes of UTF-8. */
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

const OUR_FOLDERS = new Set([ATTEMPTS, INCOMING, CLAIMS, ASIDE]);

const OUR_FILES = new Set([MANIFEST, MERGED, SUBMIT_META, MERGE_STATUS]);

/** Whether a path in a run directory is, or lies in, what a scheduler's adapter may not write. */
export function isOurName(path: string): boolean {
  const [first = ""] = path.split("/");
  return OUR_FOLDERS.has(first) || OUR_FILES.has(path) || /^\.|^shard_/.test(first);
}

/** Folders and files that only a run's directory has, besides its manifest: the old ssh runner's shards/, job files. */
const ONLY_THERE = /^(?:shards|submit_meta\.json|(?:slurm_array_job|condor_job|run_one_shard|job_wrapper)\b.*)$/;

/** Whether a name in a folder tells that shards of a run lie there, or are to. */
export function isOfRunDirectory(name: string): boolean {
  return readShardName(name) !== undefined || OUR_FOLDERS.has(name) || ONLY_THERE.test(name);
}

/** Whether a normalized path is a folder or lies in it. */
export function isInside(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way !== ".." && !way.startsWith("../") && !isAbsolute(way);
}

/**
 * Returns where a file lies that a document names. One that lay inside the document's own folder when it was written
 * lies at the same place inside that folder now: a copy is read and written where it lies, never in its original.
 * Null for one that lay outside.
 *
 * @param written as the document has it
 * @param before where the document's folder may have lain when it was written
 * @param now where it lies
 */
export function pathNow(written: string, before: readonly string[], now: string): string | null {
  const path = normalize(isAbsolute(written) ? written : join(now, written));
  const folders = [now, ...before.map(normalize)].filter((folder) => isAbsolute(folder) && folder !== "/");
  const holding = folders.filter((folder) => isInside(path, folder));
  if (holding.length === 0) return null;
  // A copy may lie inside its original, or the other way round: the innermost folder is the one that was meant.
  const meant = holding.reduce((inner, folder) => folder.length > inner.length ? folder : inner);
  return join(now, relative(meant, path));
}
