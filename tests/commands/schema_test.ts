import { Ajv2020 } from "ajv/dist/2020.js";
import assert from "node:assert/strict";
import type { Program } from "../../commands/flags.ts";
import schema from "../../commands/schema.ts";
import { DOCUMENTS } from "../../core/schema/documents.ts";
import { sampleJson } from "../core/support/samples.ts";
import { keptOutput } from "./support/kept_output.ts";

/** It speaks of no other command. */
const program: Program = { rows: [], build: () => Promise.reject(new Error("not asked for")) };

/** What `schema --json` prints: the JSON Schema of each document. */
async function printed(): Promise<Record<string, object>> {
  const out = keptOutput();
  assert.equal(await schema.run({ args: [], options: {}, out, program }), 0);
  const [found] = out.documents;
  return Object.fromEntries(Object.entries(Object(found)).map(([name, one]) => [name, Object(one)]));
}

const schemas = await printed();
const ajv = new Ajv2020({ strict: false, allErrors: true });

Deno.test("every document has its JSON Schema", () => {
  assert.deepEqual(Object.keys(schemas), Object.keys(DOCUMENTS));
});

for (const [name, one] of Object.entries(schemas)) {
  Deno.test(`the JSON Schema of ${name} is valid, and declares its dialect`, () => {
    assert.equal(Reflect.get(one, "$schema"), "https://json-schema.org/draft/2020-12/schema");
    assert.ok(ajv.validateSchema(one), JSON.stringify(ajv.errors));
    assert.doesNotThrow(() => ajv.compile(one));
  });
}

const SAMPLES: [string, string][] = [
  ["manifest", "scripts/manifest.rendered.json"],
  ["manifest", "scripts/manifest.collected.json"],
  ["manifest", "farm/manifest.json"],
  ["metrics", "farm/shard_0.metrics.json"],
  ["output", "shard_0.out.json"],
  ["output", "unsharded_20.out.json"],
  ["submissions", "scripts/submit_meta.json"],
  ["merged", "scripts/merged.out.json"],
];

for (const [name, file] of SAMPLES) {
  Deno.test(`${file} is valid by the JSON Schema of ${name}, and invalid without one of its members`, () => {
    const takes = (value: unknown): boolean => ajv.compile(schemas[name] ?? {})(value);
    const document = Object(sampleJson(file));
    assert.ok(takes(document));
    const { schema_version, gen, ...rest } = document;
    assert.ok((schema_version ?? gen) !== undefined && !takes(rest));
  });
}

Deno.test("a mistyped schema name is refused with the nearest one", async () => {
  await assert.rejects(schema.run({ args: ["manifst"], options: {}, out: keptOutput(), program }), {
    kind: "usage",
    message: /Cannot show a schema "manifst": known are manifest, /,
    next: 'Did you mean "manifest"?',
  });
});
