import * as z from "zod/mini";
import type { ShardRecord } from "../../core/contracts/shard_record.ts";
import { type DocumentToys, documentToys, NEXTSTATS_MERGE } from "../../core/merge/document_toys.ts";
import type { SourceOrigin } from "../../core/merge/source_facts.ts";
import { readDocument, Unreadable } from "../disk/read_file.ts";
import { readAnyOutput, readCommitted } from "../shard/read_shard.ts";
import { type Found, origin } from "./source_origin.ts";

/** Reads an output of which no manifest tells: it must agree with itself, and with a record of ours beside it. */
export function readInput(path: string): Found & { toys?: DocumentToys } {
  const record = recordBeside(path);
  const output = readAnyOutput(path);
  if (output instanceof Unreadable) return problem(path, isNextstatsMerge(path) ? NEXTSTATS_MERGE : output.message);
  if (record && record.out_sha256 !== output.sha256) {
    return problem(path, "is not the file that the record beside it has the sha256 of");
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

const onlyOne = <T>([one, ...others]: readonly T[]): T | null => others.length === 0 ? one ?? null : null;

function recordBeside(path: string): ShardRecord | null {
  if (!path.endsWith(".out.json")) return null;
  const metrics = readCommitted(path.replace(/\.out\.json$/, ".metrics.json"));
  return metrics instanceof Unreadable ? null : metrics.farm;
}

/** It lacks the parameters' names, so that it is no output of nextstat's to read. */
function isNextstatsMerge(path: string): boolean {
  try {
    readDocument(path, z.looseObject({ merged: z.literal(true), shards: z.array(z.unknown()) }));
    return true;
  } catch {
    return false;
  }
}
