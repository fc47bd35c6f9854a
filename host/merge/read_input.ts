import { createHash } from "node:crypto";
import { basename } from "node:path";
import { selfFault } from "../../core/check_output.ts";
import type { ShardRecord } from "../../core/contracts/shard_record.ts";
import { errorText } from "../../core/errors.ts";
import { readOutputText, type ShardOutput } from "../../core/read_output.ts";
import { decodeText, MAX_DOCUMENT_BYTES, readForNow, Unreadable } from "../read_file.ts";
import { readCommitted } from "../read_shard.ts";
import { type Found, origin } from "./read_source.ts";

/** Reads an output of which no manifest tells: it must agree with itself, and with a record of ours beside it. */
export function readInput(path: string): Found {
  try {
    const bytes = readForNow(path, MAX_DOCUMENT_BYTES);
    const output = readOutputText(decodeText(bytes));
    const fault = selfFault(output);
    if (fault) throw new Unreadable(fault, false);
    const record = recordBeside(path, createHash("sha256").update(bytes).digest("hex"));
    return { origin: origin(toysOf(output), basename(path), path, record), output };
  } catch (error) {
    const what = error instanceof SyntaxError ? `is no JSON: ${errorText(error)}` : errorText(error);
    return { problem: { shard_index: null, what: `"${path}" ${what}` } };
  }
}

function toysOf({ frame: { gen, shard, results } }: ShardOutput) {
  const toy_start = shard?.shard_start ?? 0;
  return { shard_index: shard?.shard_index ?? null, toy_start, n_toys: results.n_toys, seed: gen.seed + toy_start };
}

function recordBeside(path: string, sha256: string): ShardRecord | null {
  if (!path.endsWith(".out.json")) return null;
  const metrics = readCommitted(path.replace(/\.out\.json$/, ".metrics.json"));
  if (metrics instanceof Unreadable) return null;
  if (metrics.farm.out_sha256 === sha256) return metrics.farm;
  throw new Unreadable("is not the file that the record beside it has the sha256 of", false);
}
