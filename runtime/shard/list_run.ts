import { generationsOf } from "../../core/earlier_submission.ts";
import { listNames } from "../fs/list.ts";
import { readSubmissions } from "../run/submissions.ts";
import { listAttempts } from "./attempts.ts";

/** A listing of a run directory: files of all its shards. */
export interface RunListing {
  /** Attempt numbers by shard, in order. */
  attempts: ReadonlyMap<number, number[]>;
  /** Names in the run directory, listed after the attempts: an attempt is removed once its result has its names. */
  names: ReadonlySet<string>;
  /** Returns the tokens of its submissions in generations, oldest first; read at the first call. */
  submissionTokens(): readonly (readonly string[])[];
}

/**
 * Lists a run directory.
 * @throws {FarmError} input, when it cannot be listed
 */
export function listRun(dir: string): RunListing {
  const attempts = listAttempts(dir);
  const names = new Set(listNames(dir));
  let tokens: readonly (readonly string[])[] | undefined;
  return { attempts, names, submissionTokens: () => tokens ??= generationsOf(readSubmissions(dir)) };
}
