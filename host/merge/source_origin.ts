import { attemptTime } from "../../core/attempt_time.ts";
import type { Problem } from "../../core/contracts/merge_status.ts";
import type { ShardRecord } from "../../core/contracts/shard_record.ts";
import { countWarnings } from "../../core/nextstat_warnings.ts";
import type { SourceOrigin } from "../../core/merge/source_facts.ts";
import type { CheckedOutput } from "../shard/read_shard.ts";

/** An output that a merge wants, or what is wrong with it. */
export type Found = { origin: SourceOrigin; output: CheckedOutput } | { problem: Problem };

/** @param record what is known of the attempt that made it, or null */
export function origin(
  toys: { shard_index: number | null; toy_start: number; n_toys: number; seed: number },
  name: string,
  path: string,
  record: ShardRecord | null,
): SourceOrigin {
  const { shard_index, toy_start, n_toys, seed } = toys;
  return {
    shard_index,
    name,
    path,
    toy_start,
    n_toys,
    seed,
    host: record?.host ?? null,
    threads: record?.threads ?? null,
    run_token: record?.run_token ?? null,
    spec_sha256: record?.spec_sha256 ?? null,
    inputs: record?.inputs ?? null,
    nextstat_version: record?.nextstat_version ?? null,
    nextstat_sha256: record?.nextstat_sha256 ?? null,
    merged: null,
    time: record && attemptTime(record),
    elapsed_s: null,
    n_shards: record ? 1 : 0,
    warnings: record ? countWarnings(record.stderr_tail) : [],
  };
}
