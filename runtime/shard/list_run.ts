import { listNames } from "../fs/list.ts";
import { readSubmissions } from "../run/submissions.ts";
import { listAttempts } from "./attempts.ts";

/** What one look at a run directory shows of all its shards. */
export interface RunListing {
  /** Attempt numbers by shard, in order. */
  attempts: ReadonlyMap<number, number[]>;
  /** The names in the run directory; not older than the listing of attempts, which go when their result has its names. */
  names: ReadonlySet<string>;
  /** Tokens of its submissions, in the order in which they were made; read when they are first asked for. */
  submissionTokens(): readonly string[];
}

/** Lists a run directory. @throws {FarmError} input, when it cannot be listed */
export function listRun(dir: string): RunListing {
  const attempts = listAttempts(dir);
  const names = new Set(listNames(dir));
  let tokens: readonly string[] | undefined;
  return { attempts, names, submissionTokens: () => tokens ??= readSubmissions(dir).map(({ token }) => token) };
}
