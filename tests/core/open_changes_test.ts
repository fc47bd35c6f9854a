import assert from "node:assert/strict";
import { openExtension } from "../../core/check_manifest.ts";
import { cutShards, extendPlans } from "../../core/toys.ts";
import { sampleManifest } from "../fixtures/run.ts";

const AT = "2026-11-24T20:00:00.000Z";
const ASKED = { n_toys: 6, shards: null };
const before = sampleManifest();
const first = before.plans.length;
const extended = extendPlans(before, 6, 2, AT, undefined, ASKED);
const open = (given: number[], asked: { n_toys: number; shards: number | null } = ASKED, manifest = extended) =>
  openExtension(manifest, asked, new Set(given));

Deno.test("an extension with a shard that was never submitted is continued by the same request, and by no other", () => {
  for (const given of [[], [first], [first + 1]]) assert.deepEqual(open(given)?.shards, [first, first + 1]);
  assert.equal(open([first, first + 1]), undefined);
  assert.equal(open([], { n_toys: 6, shards: 2 }), undefined);
  assert.equal(open([], { n_toys: 7, shards: null }), undefined);
});

Deno.test("an extension that was not to be submitted, or whose shards were cut since, is never continued", () => {
  assert.equal(open([], ASKED, extendPlans(before, 6, 2, AT)), undefined);
  assert.equal(open([], ASKED, cutShards(extended, [first, first + 1], AT)), undefined);
});
