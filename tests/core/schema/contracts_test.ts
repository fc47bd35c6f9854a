import assert from "node:assert/strict";
import * as z from "zod/mini";
import { manifestFault } from "../../../core/check_manifest.ts";
import { readShardOutput } from "../../../core/output.ts";
import { DOCUMENTS } from "../../../core/schema/documents.ts";
import { FarmManifest, Manifest } from "../../../core/schema/manifest.ts";
import { Merged } from "../../../core/schema/merged.ts";
import { OutputFrame } from "../../../core/schema/shard_output.ts";
import { CommittedMetrics, Metrics } from "../../../core/schema/shard_record.ts";
import { SubmitMeta } from "../../../core/schema/submit_meta.ts";
import { sampleJson } from "../support/samples.ts";

const SAMPLES: [string, z.core.$ZodType][] = [
  ["shard_0.out.json", OutputFrame],
  ["unsharded_20.out.json", OutputFrame],
  ["shard_0.metrics.json", Metrics],
  ["scripts/manifest.rendered.json", Manifest],
  ["scripts/manifest.collected.json", Manifest],
  ["scripts/submit_meta.json", SubmitMeta],
  ["scripts/merged.out.json", Merged],
  ["farm/manifest.json", FarmManifest],
  ["farm/shard_0.metrics.json", CommittedMetrics],
];

for (const [name, schema] of SAMPLES) {
  Deno.test(`${name} passes its schema, and none of its members is lost or changed`, () => {
    const document = sampleJson(name);
    assert.deepEqual(z.parse(schema, document), document);
  });
}

/** A copy of a document without the member at a path. */
function without(document: unknown, path: string): unknown {
  const copy = structuredClone(document);
  const names = path.split(".");
  const last = names.pop() ?? "";
  let inner: unknown = copy;
  for (const name of names) inner = Reflect.get(Object(inner), name);
  assert.ok(Reflect.has(Object(inner), last), `${path} is there`);
  Reflect.deleteProperty(Object(inner), last);
  return copy;
}

for (
  const [name, schema, paths] of [
    ["shard_0.out.json", OutputFrame, [
      "gen.seed",
      "gen.params",
      "results.n_toys",
      "results.poi_hat",
      "results.nll",
      "parameter_names",
      "poi_index",
    ]],
    ["farm/shard_0.metrics.json", CommittedMetrics, [
      "schema_version",
      "status",
      "timing",
      "farm",
      "farm.cause",
      "farm.host",
      "farm.inputs",
      "farm.max_rss_bytes",
    ]],
    ["farm/manifest.json", FarmManifest, [
      "config",
      "threads",
      "run_dir",
      "plans",
      "farm",
      "farm.run_token",
      "farm.inputs",
      "plans.0.seed",
    ]],
    ["scripts/manifest.rendered.json", Manifest, ["schema_version", "run_id", "n_toys", "seed", "plans"]],
    ["scripts/merged.out.json", Merged, ["merge", "merge.sources", "results"]],
  ] satisfies [string, z.core.$ZodType, string[]][]
) {
  for (const path of paths) {
    Deno.test(`${name} without ${path} is refused, with its path`, () => {
      const parsed = schema.safeParse(without(sampleJson(name), path));
      assert.equal(parsed.success, false);
      const reported = parsed.error?.issues.map((issue) => issue.path.join("."));
      assert.ok(reported?.some((one) => one === path), `${reported}`);
    });
  }
}

Deno.test("the samples are consistent: plans cover the toys, counts match", () => {
  for (const name of ["scripts/manifest.rendered.json", "scripts/manifest.collected.json", "farm/manifest.json"]) {
    assert.equal(manifestFault(Manifest.parse(sampleJson(name))), null, name);
  }
  assert.equal(readShardOutput(sampleJson("unsharded_20.out.json")).poi_hat.length, 20);
});

Deno.test("a seed or count beyond 2^53, a negative one and a broken one are refused", () => {
  const document = Object(sampleJson("scripts/manifest.rendered.json"));
  for (const seed of [2 ** 53, -1, 1.5, "42", null]) {
    assert.ok(!Manifest.safeParse({ ...document, seed }).success, `${seed}`);
  }
  assert.ok(Manifest.safeParse({ ...document, seed: 2 ** 53 - 1 }).success);
});

Deno.test("a document with another schema_version is refused, however similar it is", () => {
  const document = Object(sampleJson("scripts/manifest.rendered.json"));
  assert.ok(!Manifest.safeParse({ ...document, schema_version: "nextstat.cpu_farm_unbinned_fit_toys_run.v2" }).success);
});

Deno.test("every document has a file and a schema of its own", () => {
  const files = Object.values(DOCUMENTS).map(({ file }) => file);
  assert.equal(new Set(files).size, files.length);
});
