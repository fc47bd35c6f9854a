import assert from "node:assert/strict";
import { recordFault } from "../../core/check_result.ts";
import type { ShardRecord } from "../../core/schema/shard_record.ts";
import { planOf, sampleManifest, sampleRecord } from "../fixtures/run.ts";

const manifest = sampleManifest();
const plan = planOf(manifest, 2);
const faultOf = (change: Partial<ShardRecord>) => recordFault(manifest, plan, sampleRecord(manifest, plan, change));

Deno.test("recordFault() accepts the record of this run's shard", () => assert.equal(faultOf({}), null));

for (
  const [what, change, wanted] of [
    [
      "another run",
      { run_token: "ffffffffffffffff" },
      /belongs to another run \(token ffffffffffffffff, this run's is 9f3c/,
    ],
    ["another shard", { shard_index: 1 }, /^says shard_index 1, planned is 2$/],
    ["other toys", { toy_start: 5 }, /^says toy_start 5, planned is 10$/],
    ["fewer toys", { n_toys: 4 }, /^says n_toys 4, planned is 5$/],
    ["another seed", { seed: 53 }, /^says seed 53, planned is 52$/],
    ["a failure", { cause: "signal" }, /^says that the shard ended with "signal"$/],
    ["another spec", { spec_sha256: "2b".repeat(32) }, /^was made with another spec$/],
    ["no spec", { spec_sha256: null }, /^was made with another spec$/],
    [
      "another input",
      { inputs: [{ path: "spec.json", bytes: 10, sha256: "2b".repeat(32) }] },
      /^was made with another "spec\.json"$/,
    ],
    ["an input too few", { inputs: [] }, /^was made with another "spec\.json"$/],
  ] satisfies [string, Partial<ShardRecord>, RegExp][]
) {
  Deno.test(`recordFault() refuses a record of ${what}`, () => assert.match(faultOf(change) ?? "", wanted));
}
