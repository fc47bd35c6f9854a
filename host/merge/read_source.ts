import { join } from "node:path";
import { isFarmManifest } from "../../core/check_manifest.ts";
import type { FarmManifest, Manifest, Plan } from "../../core/contracts/manifest.ts";
import { Metrics } from "../../core/contracts/shard_record.ts";
import { metricsName, outName } from "../../core/run_paths.ts";
import { readOldShard } from "../shard/old_run.ts";
import { readDocument, Unreadable } from "../disk/read_file.ts";
import { type CheckedOutput, readOutput, readRecord, readShard } from "../shard/read_shard.ts";
import { readInput } from "./read_input.ts";
import { type Found, origin } from "./source_origin.ts";
import type { OldOrder, ReadContext, SourceOrder } from "./source_order.ts";

/** Reads and checks one output that a merge wants. What is wrong with it is data. */
export function readSource(context: ReadContext, order: SourceOrder): Found {
  const { left_out } = order;
  if (left_out !== undefined) return problem(order.kind === "input" ? null : order.plan, left_out);
  if (order.kind === "input") return readInput(order.path);
  const { manifest } = context;
  if (!manifest) throw new Error("A shard of a run is read without its manifest");
  if (order.kind === "old") return readOld(manifest, order);
  if (!isFarmManifest(manifest)) throw new Error("A shard with a record is read with the manifest of an old run");
  return readRecorded(context, manifest, order.plan);
}

function readRecorded({ dir, accept_unrecorded }: ReadContext, manifest: FarmManifest, plan: Plan): Found {
  const found = readShard(dir, manifest, plan, readRecord);
  const out = outName(plan.shard_index);
  const path = join(dir, out);
  if (found.kind === "done") {
    return { origin: origin(plan, out, path, found.metrics.farm), output: found.output };
  }
  if (found.kind === "absent") return problem(plan, `${out} is not there`);
  if (found.kind === "bad") return problem(plan, `${found.file} ${found.what}`);
  if (!accept_unrecorded) return problem(plan, found.kind === "foreign" ? foreign(found) : `${out} has no record yet`);
  const output = found.kind === "uncommitted" ? found.output : readForeign(dir, manifest, plan);
  if (output instanceof Unreadable) return problem(plan, `${out} ${output.message}`);
  return { origin: origin(plan, out, path, null), output };
}

const foreign = ({ file, what }: { file: string; what: string }) =>
  `${file} ${what}; --accept-unrecorded takes its output all the same`;

/** A result that another run's record speaks of: at least it must be the one that this record has the sha256 of. */
function readForeign(dir: string, manifest: FarmManifest, plan: Plan): CheckedOutput | Unreadable {
  const record = readRecord(join(dir, metricsName(plan.shard_index)));
  const output = readOutput(join(dir, outName(plan.shard_index)), manifest, plan);
  if (output instanceof Unreadable || record instanceof Unreadable) return output;
  if (record.farm.spec_sha256 !== manifest.farm.spec_sha256) return new Unreadable("was made with another spec", false);
  const same = record.farm.out_sha256 === output.sha256;
  return same ? output : new Unreadable("is not the file that its record has the sha256 of", false);
}

const problem = (plan: Plan | null, what: string): Found => ({
  problem: { shard_index: plan?.shard_index ?? null, what },
});

function readOld(manifest: Manifest, order: OldOrder): Found {
  const { plan, out, host, elapsed_s } = order;
  const nextstat_version = toolVersion(order.metrics);
  const found = readOldShard(manifest, order);
  const name = outName(plan.shard_index);
  if (found.kind === "absent") return problem(plan, `${name} is not there`);
  if (found.kind === "bad") return problem(plan, `${name} ${found.what}`);
  return { origin: { ...origin(plan, name, out, null), host, elapsed_s, nextstat_version }, output: found.output };
}

function toolVersion(metrics: string): string | null {
  try {
    const version = readDocument(metrics, Metrics)["tool_version"];
    return typeof version === "string" ? version : null;
  } catch {
    return null;
  }
}
