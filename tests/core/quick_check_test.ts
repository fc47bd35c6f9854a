import fc from "fast-check";
import assert from "node:assert/strict";
import * as z from "zod/mini";
import { quickCheck } from "../../core/quick_check.ts";
import { Manifest } from "../../core/schema/manifest.ts";
import { OutputFrame } from "../../core/schema/shard_output.ts";
import { CommittedMetrics } from "../../core/schema/shard_record.ts";
import { inventedMetrics } from "../fixtures/metrics.ts";
import { inventedOutput } from "../fixtures/output.ts";
import { inventedRun } from "../fixtures/run.ts";

const manifest = inventedRun("/r", { n_toys: 4, shards: 2, faults: false });
const [plan] = manifest.plans;
assert(plan);
const output = inventedOutput(manifest, plan);
const DOCUMENTS: [string, z.core.$ZodType, unknown][] = [
  ["a committed record", CommittedMetrics, JSON.parse(inventedMetrics(manifest, plan, output))],
  ["an output", OutputFrame, JSON.parse(output)],
  ["a manifest", Manifest, JSON.parse(JSON.stringify(manifest))],
];

/** Every place in a document, as a path. */
function placesIn(value: unknown, path: string[] = []): string[][] {
  if (typeof value !== "object" || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, one]) => placesIn(one, [...path, key]))];
}

/** A copy with another value (undefined: nothing) at a place. */
function changed(document: unknown, path: readonly string[], value: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  const copy = Array.isArray(document) ? [...document] : { ...Object(document) };
  const inner = changed(Reflect.get(copy, key), rest, value);
  if (inner === undefined && !Array.isArray(copy)) Reflect.deleteProperty(copy, key);
  else Reflect.set(copy, key, inner);
  return copy;
}

const anything = fc.constantFrom(undefined, null, true, -1, 0.5, 2 ** 60, 1e400, "x", "1a".repeat(32), [], {}, [
  1,
  "a",
]);

for (const [name, schema, document] of DOCUMENTS) {
  const check = quickCheck(schema);

  Deno.test(`quickCheck() accepts ${name}`, () => assert.ok(check(document)));

  Deno.test(`quickCheck() accepts no change of ${name} that its schema refuses`, () => {
    const change = fc.tuple(fc.constantFrom(...placesIn(document)), anything);
    const property = fc.property(change, ([path, value]) => {
      const other = changed(document, path, value);
      if (check(other)) assert.ok(z.safeParse(schema, other).success, `${path.join(".")} = ${value}`);
    });
    fc.assert(property, { numRuns: 3000 });
  });
}

Deno.test("quickCheck() uses the schema itself for kinds without a fast check", () => {
  const check = quickCheck(
    z.object({ a: z.tuple([z.number(), z.string().check(z.minLength(2))]), b: z.union([z.literal(1), z.email()]) }),
  );
  assert.ok(check({ a: [1, "xy"], b: "a@b.org" }));
  assert.ok(!check({ a: [1, "x"], b: 1 }));
});

Deno.test("a member of any type must be present", () => {
  const schema = z.looseObject({ a: z.unknown() });
  assert.equal(quickCheck(schema)({}), schema.safeParse({}).success);
});
