import type { FarmManifest, Plan } from "./contracts/manifest.ts";
import type { ShardRecord } from "./contracts/shard_record.ts";

/** What makes a committed record not this run's record of this shard, or null. */
export function recordFault(manifest: FarmManifest, plan: Plan, record: ShardRecord): string | null {
  const { run_token, spec_sha256 } = manifest.farm;
  if (record.run_token !== run_token) {
    return `belongs to another run (token ${record.run_token}, this run's is ${run_token})`;
  }
  const fields = ["shard_index", "toy_start", "n_toys", "seed"] as const;
  const wrong = fields.find((field) => record[field] !== plan[field]);
  if (wrong) return `says ${wrong} ${record[wrong]}, planned is ${plan[wrong]}`;
  if (record.cause !== "ok") return `says that the shard ended with "${record.cause}"`;
  if (record.spec_sha256 !== spec_sha256) return "was made with another spec";
  return inputsFault(manifest, record);
}

function inputsFault(manifest: FarmManifest, record: ShardRecord): string | null {
  const theirs = new Map(record.inputs.map((input) => [input.path, input.sha256]));
  const changed = manifest.farm.inputs.find(({ path, sha256 }) => theirs.get(path) !== sha256);
  return changed ? `was made with another "${changed.path}"` : null;
}
