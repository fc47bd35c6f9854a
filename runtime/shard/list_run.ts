import { generationsOf } from "../../core/earlier_submission.ts";
import { readShardName } from "../../core/run_paths.ts";
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

/** Lists a run directory. @throws {FarmError} input, when it cannot be listed */
export function listRun(dir: string): RunListing {
  const attempts = listAttempts(dir);
  const names = new Set(listNames(dir));
  let tokens: readonly (readonly string[])[] | undefined;
  return { attempts, names, submissionTokens: () => tokens ??= generationsOf(readSubmissions(dir)) };
}

/** Returns the shards that have both files under their final names, by one listing. */
export function shardsWithFiles(dir: string): Set<number> {
  const names = listNames(dir).flatMap((name) => readShardName(name) ?? []);
  const outputs = new Set(names.filter(({ kind }) => kind === "out.json").map(({ shard }) => shard));
  return new Set(
    names.filter(({ kind, shard }) => kind === "metrics.json" && outputs.has(shard)).map((one) => one.shard),
  );
}
