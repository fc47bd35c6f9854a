import { basename } from "node:path";
import type { ShardRecord } from "../../core/contracts/shard_record.ts";
import type { ShardOutput } from "../../core/read_output.ts";
import { Unreadable } from "../disk/read_file.ts";
import { readAnyOutput, readCommitted } from "../shard/read_shard.ts";
import { type Found, origin } from "./source_origin.ts";

/** Reads an output of which no manifest tells: it must agree with itself, and with a record of ours beside it. */
export function readInput(path: string): Found {
  const record = recordBeside(path);
  const output = readAnyOutput(path);
  if (output instanceof Unreadable) return problem(path, output.message);
  if (record && record.out_sha256 !== output.sha256) {
    return problem(path, "is not the file that the record beside it has the sha256 of");
  }
  return { origin: origin(toysOf(output.output), basename(path), path, record), output };
}

const problem = (path: string, what: string): Found => ({ problem: { shard_index: null, what: `"${path}" ${what}` } });

function toysOf({ frame: { gen, shard, results } }: ShardOutput) {
  const toy_start = shard?.shard_start ?? 0;
  return { shard_index: shard?.shard_index ?? null, toy_start, n_toys: results.n_toys, seed: gen.seed + toy_start };
}

function recordBeside(path: string): ShardRecord | null {
  if (!path.endsWith(".out.json")) return null;
  const metrics = readCommitted(path.replace(/\.out\.json$/, ".metrics.json"));
  return metrics instanceof Unreadable ? null : metrics.farm;
}
