import { attemptTime } from "../../core/attempt_time.ts";
import { orElse } from "../../core/errors.ts";
import { countWarnings } from "../../core/fit_quality.ts";
import { type DocumentToys, documentToys, NEXTSTATS_MERGE } from "../../core/merge/document_toys.ts";
import { onlyOne, type SourceOrigin } from "../../core/merge/source_facts.ts";
import type { ShardOutput } from "../../core/output.ts";
import type { Problem } from "../../core/schema/merge_report.ts";
import type { ShardRecord } from "../../core/schema/shard_record.ts";
import * as z from "../../core/schema/zod.ts";
import { fitToys } from "../../core/workload/fit_toys.ts";
import type { AnyOutput } from "../../core/workload/workload.ts";
import { readDocument, Unreadable } from "../fs/read.ts";
import { type CheckedOutput, readAnyOutput, readCommitted } from "../shard/read.ts";

/** An output for a merge, or its problem. */
export type Found<Output extends AnyOutput = ShardOutput> =
  | { origin: SourceOrigin; output: CheckedOutput<Output> }
  | { problem: Problem };

/** Returns the origin of an output. @param record of the attempt that made it; null: unknown */
export function origin(
  toys: Pick<SourceOrigin, "shard_index" | "toy_start" | "n_toys" | "seed">,
  name: string,
  path: string,
  record: ShardRecord | null,
): SourceOrigin {
  const { shard_index, toy_start, n_toys, seed } = toys;
  const { host, threads, run_token, spec_sha256, inputs, nextstat_version, nextstat_sha256 } = record ?? UNRECORDED;
  return {
    ...{ shard_index, name, path, toy_start, n_toys, seed, host, threads, run_token },
    ...{ spec_sha256, inputs, nextstat_version, nextstat_sha256, merged: null, elapsed_s: null },
    time: record && attemptTime(record),
    n_shards: record ? 1 : 0,
    warnings: record ? countWarnings(record.stderr_tail) : [],
  };
}

/** What is not known of an output without a record. */
const UNRECORDED = {
  ...{ host: null, threads: null, run_token: null, spec_sha256: null, inputs: null },
  ...{ nextstat_version: null, nextstat_sha256: null },
};

/** Reads an output without a manifest: it must be consistent in itself, and with our record beside it, if any. */
export function readInput(path: string): Found & { toys?: DocumentToys } {
  const record = recordBeside(path);
  const output = readAnyOutput(path, fitToys);
  if (output instanceof Unreadable) return problem(path, isNextstatsMerge(path) ? NEXTSTATS_MERGE : output.message);
  if (record && record.out_sha256 !== output.sha256) {
    return problem(path, "does not have the sha256 of the record beside it");
  }
  const toys = documentToys(output.output.frame);
  if ("fault" in toys) return problem(path, toys.fault);
  return { origin: originOf(toys, path, record), output, toys };
}

const problem = (path: string, what: string): Found => ({ problem: { shard_index: null, what: `"${path}" ${what}` } });

function originOf(toys: DocumentToys, path: string, record: ShardRecord | null): SourceOrigin {
  const own = origin(toys, `"${path}"`, path, record);
  if (!toys.merged) return own;
  const { source, ...merged } = toys.merged;
  return {
    ...own,
    host: onlyOne(merged.hosts),
    threads: onlyOne(merged.threads),
    spec_sha256: source.spec_sha256 ?? null,
    inputs: source.inputs ?? null,
    nextstat_version: source.nextstat_version ?? null,
    nextstat_sha256: source.nextstat_sha256 ?? null,
    n_shards: merged.fits?.n_shards ?? 0,
    warnings: merged.fits?.warnings ?? [],
    merged,
  };
}

/** Reads our record beside an output; null: there is none. */
export function recordBeside(path: string): ShardRecord | null {
  if (!path.endsWith(".out.json")) return null;
  const metrics = readCommitted(path.replace(/\.out\.json$/, ".metrics.json"));
  return metrics instanceof Unreadable ? null : metrics.farm;
}

/** Whether a document is nextstat's own merge, which lacks the parameters' names and so is no output to read. */
const isNextstatsMerge = (path: string): boolean =>
  orElse(false, () => {
    readDocument(path, z.looseObject({ merged: z.literal(true), shards: z.array(z.unknown()) }));
    return true;
  });
