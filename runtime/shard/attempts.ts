import { join } from "node:path";
import { isLost } from "../../core/record.ts";
import { attemptName, ATTEMPTS, readAttemptName } from "../../core/run_paths.ts";
import { Attempt, ATTEMPT_FILE_BYTES } from "../../core/schema/attempt.ts";
import { commitByLink, pause } from "../fs/exclusive.ts";
import { listNames, showListed } from "../fs/list.ts";
import { whileOpen } from "../fs/open.ts";
import { inputError, parseJson, readRegular, Unreadable } from "../fs/read.ts";
import { exists, explainWrite, makeFolder, namingFile, removeQuietly, writeAll, writeTemporary } from "../fs/write.ts";

export const attemptPath = (dir: string, shard: number, attempt: number): string =>
  join(dir, ATTEMPTS, attemptName(shard, attempt));

/** Returns the attempt numbers of each shard, ascending, by one listing of the folder. */
export function listAttempts(dir: string): Map<number, number[]> {
  const found = new Map<number, number[]>();
  for (const name of listNames(join(dir, ATTEMPTS))) {
    const one = readAttemptName(name);
    if (!one) continue;
    const numbers = found.get(one.shard);
    if (numbers) numbers.push(one.attempt);
    else found.set(one.shard, [one.attempt]);
  }
  for (const numbers of found.values()) numbers.sort((a, b) => a - b);
  return found;
}

/**
 * Reads one attempt; undefined where it is gone or damaged (the listing shows that it exists).
 * @throws {FarmError} input, when permission is denied: its shard may be running
 */
export function readAttempt(dir: string, shard: number, attempt: number): Attempt | undefined {
  const path = attemptPath(dir, shard, attempt);
  for (let tries = 1;; tries++) {
    const read = readOnce(path);
    if (read !== "damaged" || tries === MAX_TRIES) return read === "damaged" ? undefined : read;
    pause(WRITE_MS);
  }
}

/** Its owner writes an attempt over the same bytes: a reader may see half of that, and then reads once more. */
const MAX_TRIES = 4;
const WRITE_MS = 10;

function readOnce(path: string): Attempt | "damaged" | undefined {
  try {
    const parsed = Attempt.safeParse(parseJson(readRegular(path, 4 * ATTEMPT_FILE_BYTES)));
    return parsed.success ? parsed.data : "damaged";
  } catch (error) {
    if (!(error instanceof Unreadable)) return undefined;
    if (error.fault === null) return error.absent ? undefined : "damaged";
    throw inputError("an attempt's record", path, error, "Ask its owner to let you read it");
  }
}

/** Reads the attempts of these numbers; damaged ones are left out. */
export function readAttempts(dir: string, shard: number, numbers: number[]): Attempt[] {
  return numbers.flatMap((number) => readAttempt(dir, shard, number) ?? []);
}

/**
 * Reads attempts as readAttempts does, for a caller that starts the next one: a name that a listing shows and a lookup
 * denies is looked up once more. A machine caches that a name is absent while others create it, and their attempt would
 * be taken for one that is gone.
 * @throws {FarmError} input, when one may not be read
 */
export function readListedAttempts(dir: string, shard: number, numbers: number[]): Attempt[] {
  return numbers.flatMap((number) => {
    const attempt = readAttempt(dir, shard, number);
    if (attempt) return attempt;
    showListed(attemptPath(dir, shard, number));
    return readAttempt(dir, shard, number) ?? [];
  });
}

/** Returns whether the last attempt failed by its own fault: it was not stopped, and its process is not gone. */
export function hasFailed(attempts: readonly Attempt[]): boolean {
  const end = attempts.at(-1)?.end;
  return end !== null && end !== undefined && end.cause !== "terminated" && !isLost(end);
}

/** A started attempt: its file is ours, and its end can be written into the file even on a full disk. */
export interface OpenAttempt {
  attempt: Attempt;
  path: string;
  /** This host's clock minus the file server's, by the server's time of the new file; seconds. */
  clock_offset_s: number | null;
}

/**
 * Starts attempt `attempt` of a shard. Returns undefined when another process has just started it. The file appears
 * whole under its name or not at all (link), padded so that its end needs no new space.
 * @throws {FarmError} input, when the disk is full or the folder is not writable
 */
export function beginAttempt(dir: string, attempt: Attempt): OpenAttempt | undefined {
  makeFolder(join(dir, ATTEMPTS));
  const path = attemptPath(dir, attempt.shard_index, attempt.attempt);
  // Not forced to disk: a power cut that empties this file has also ended the attempt.
  const temporary = explainWrite(path, () => writeTemporary(path, padded(attempt), 0o640, false));
  const clock_offset_s = clockOffset(temporary);
  if (commitByLink(temporary, path)) return { attempt, path, clock_offset_s };
  removeQuietly(temporary);
  return undefined;
}

function clockOffset(fresh: string): number | null {
  const mtime = Deno.statSync(fresh).mtime;
  return mtime === null ? null : (Date.now() - mtime.getTime()) / 1000;
}

/**
 * Writes the attempt's present state over its old one, in the same bytes of the disk.
 * @returns false where its file is gone: another process has ingested its end
 * @throws {FarmError} input, when the folder is not writable
 */
export function updateAttempt(
  open: OpenAttempt,
  change: Partial<Pick<Attempt, "fit" | "remote" | "copied_from" | "end">>,
): boolean {
  open.attempt = { ...open.attempt, ...change };
  if (!exists(open.path)) return false;
  const file = explainWrite(open.path, () => Deno.openSync(open.path, { write: true, create: false }));
  return whileOpen(file, () => {
    const bytes = padded(open.attempt);
    namingFile(open.path, () => {
      writeAll(file, bytes);
      if (change.end) file.syncDataSync();
      // An ended attempt is written no more, so it needs no padding.
      if (open.attempt.end) file.truncateSync(bytes.indexOf(NEWLINE, bytes.lastIndexOf(BRACE)) + 1);
    });
    return true;
  });
}

export function removeAttempt(open: { path: string }): void {
  removeQuietly(open.path);
}

const [NEWLINE, BLANK, BRACE] = [0x0a, 0x20, 0x7d];

/** Returns JSON, a newline, and blanks up to the fixed size; a stderr tail that does not fit loses its beginning. */
function padded(attempt: Attempt): Uint8Array {
  const bytes = new TextEncoder().encode(JSON.stringify(attempt, null, 1));
  if (bytes.length < ATTEMPT_FILE_BYTES) {
    const whole = new Uint8Array(ATTEMPT_FILE_BYTES).fill(BLANK);
    whole.set(bytes);
    whole[bytes.length] = NEWLINE;
    return whole;
  }
  const tail = attempt.end?.stderr_tail ?? [];
  if (!attempt.end || tail.length === 0) {
    throw new Error(`The attempt's record is larger than ${ATTEMPT_FILE_BYTES} bytes`);
  }
  return padded({ ...attempt, end: { ...attempt.end, stderr_tail: tail.slice(1) } });
}
