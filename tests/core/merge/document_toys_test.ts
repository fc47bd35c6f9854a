import assert from "node:assert/strict";
import { documentToys } from "../../../core/merge/document_toys.ts";
import { readOutputText } from "../../../core/output.ts";
import type { OutputFrame } from "../../../core/schema/shard_output.ts";
import { mergeTexts } from "../support/core_merge.ts";
import { sampleText } from "../support/samples.ts";

// deno-lint-ignore no-explicit-any -- documents are spoilt at will
type Spoil = (document: any) => unknown;

const shard = (i: number) => sampleText(`shard_${i}.out.json`);
const OURS = mergeTexts([0, 2].map((i) => ({ toy_start: 5 * i, seed: 42 + 5 * i, text: shard(i) })));

function frameOf(text: string, spoil: Spoil = () => {}): OutputFrame {
  const document = JSON.parse(text);
  spoil(document);
  return readOutputText(JSON.stringify(document)).output.frame;
}

const toysOf = (text: string, spoil?: Spoil) => {
  const toys = documentToys(frameOf(text, spoil));
  if ("fault" in toys) throw new Error(toys.fault);
  return toys;
};

const faultOf = (text: string, spoil: Spoil) => {
  const toys = documentToys(frameOf(text, spoil));
  return "fault" in toys ? toys.fault : null;
};

Deno.test("a shard has toys of its run from its own seed on", () => {
  const { shard_index, seed, n_toys, wanted, merged } = toysOf(shard(1));
  assert.deepEqual([shard_index, seed, n_toys, wanted, merged], [1, 47, 5, [{ seed: 42, n_toys: 20 }], null]);
});

Deno.test("an unsharded output has all toys of its run", () => {
  const { shard_index, pieces, wanted } = toysOf(sampleText("unsharded_20.out.json"));
  assert.deepEqual([shard_index, wanted], [null, [{ seed: 42, n_toys: 20 }]]);
  assert.deepEqual(pieces, [{ seed: 42, n_toys: 20, poi_true: 1 }]);
});

Deno.test("a merged document with holes has its toys at their seeds, in as many pieces", () => {
  const { seed, n_toys, pieces, merged } = toysOf(OURS);
  assert.deepEqual([seed, n_toys], [42, 10]);
  assert.deepEqual(pieces, [{ seed: 42, n_toys: 5, poi_true: 1 }, { seed: 52, n_toys: 5, poi_true: 1 }]);
  assert.deepEqual([merged?.hosts, merged?.threads, merged?.pulls], [["n1"], [1], false]);
});

Deno.test("a merged document without the first toys of its run starts where its first shard does", () => {
  const text = mergeTexts([1, 2].map((i) => ({ toy_start: 5 * i, seed: 42 + 5 * i, text: shard(i) })));
  const { toy_start, seed, n_toys } = toysOf(text, ({ gen }) => gen.seed = 42);
  assert.deepEqual([toy_start, seed, n_toys], [5, 47, 10]);
});

Deno.test("a merged document of the old scripts has all toys of its run if none are missing", () => {
  const { pieces, merged } = toysOf(sampleText("scripts/merged.out.json"));
  assert.deepEqual(pieces, [{ seed: 42, n_toys: 20, poi_true: 1 }]);
  assert.deepEqual([merged?.hosts, merged?.pulls], [["w0", "w1", "w2", "w3"], false]);
  const turned = toysOf(sampleText("scripts/merged.out.json"), ({ merge: { sources } }) => sources.reverse());
  assert.deepEqual(turned.pieces, pieces);
});

const older: Spoil = ({ merge: { farm } }) => ["pulls", "pull_sums", "points"].forEach((name) => delete farm[name]);

Deno.test("a merge of an older version has its toys at their seeds, and its pulls are detected", () => {
  const text = sampleText("unsharded_20.out.json");
  const { merge } = JSON.parse(OURS);
  const guessed = (spoil: Spoil) =>
    toysOf(text, (document) => {
      Object.assign(document, { merge: { ...merge, farm: { ...merge.farm } } });
      document.merge.farm.seed_ranges = [{ seed: 42, n_toys: 20 }];
      older(document);
      spoil(document);
    });
  assert.equal(guessed(() => {}).merged?.pulls, false);
  assert.equal(guessed(({ summary }) => summary.pull = { n_ok: 20, mean: 0, std: 1 }).merged?.pulls, true);
  assert.equal(guessed(({ guardrails }) => guardrails.max_abs_poi_pull_mean = 1).merged?.pulls, true);
  assert.equal(guessed(({ results }) => results.n_converged = 0).merged?.pulls, null);
});

const REFUSED: Record<string, { text: string; spoil: Spoil; why: RegExp }> = {
  "nextstat's own merge": {
    text: sampleText("unsharded_20.out.json"),
    spoil: (document) => document.merged = true,
    why: /nextstat unbinned-merge-toys.*give the outputs that it was made of/,
  },
  "an unsharded output with fewer toys than its run": {
    text: sampleText("unsharded_20.out.json"),
    spoil: ({ gen }) => gen.n_toys = 30,
    why: /is of 30 toys and holds 20, and does not say which: give the outputs/,
  },
  "an old merge with a hole in its run": {
    text: sampleText("scripts/merged.out.json"),
    spoil: ({ gen }) => gen.n_toys = 25,
    why: /is of 25 toys and holds 20/,
  },
  "an old merge with a hole between its sources": {
    text: sampleText("scripts/merged.out.json"),
    spoil: ({ merge: { sources } }) => sources[2].toy_start = 11,
    why: /sources do not follow each other/,
  },
  "a merge whose ranges are not its toys": {
    text: OURS,
    spoil: ({ merge: { farm } }) => farm.seed_ranges.pop(),
    why: /holds 10 toys, and its merge.farm.seed_ranges are of 5/,
  },
  "a merge whose ranges overlap": {
    text: OURS,
    spoil: ({ merge: { farm } }) => farm.seed_ranges[1].seed = 44,
    why: /holds 10 toys/,
  },
  "a merge that lacks what it holds": {
    text: OURS,
    spoil: ({ merge: { farm } }) => farm.missing = [{ seed: 44, n_toys: 1 }],
    why: /missing which it holds/,
  },
  "a merge that does not say where each toy was generated": {
    text: OURS,
    spoil: ({ merge: { farm } }) =>
      farm.points = [{
        hosts: [],
        threads: [],
        params: [1, 91, 2.5, -0.03],
        poi_true: 1,
        seed_ranges: [{ seed: 42, n_toys: 5 }],
      }],
    why: /where it was generated/,
  },
  "a merge with sums of other parameters": {
    text: OURS,
    spoil: ({ merge: { farm } }) => farm.pull_sums = [null],
    why: /not of 4 parameters/,
  },
  "a merge without its ranges": {
    text: OURS,
    spoil: ({ merge: { farm } }) => delete farm.seed_ranges,
    why: /merge.farm that cannot be read: seed_ranges/,
  },
  "a merge of another schema": {
    text: OURS,
    spoil: ({ merge }) => merge.schema_version = "v2",
    why: /a merge that cannot be read: merge.schema_version/,
  },
  "an older merge of outputs that are not shards": {
    text: OURS,
    spoil: (document) => {
      older(document);
      document.merge.sources[0].shard_index = null;
    },
    why: /older version.*does not say which toys they held: give the outputs/,
  },
  "an older merge of toys that were generated at several points": {
    text: OURS,
    spoil: (document) => {
      older(document);
      document.merge.farm.gen_spread = { params: [1e-9, 0, 0, 0], poi_true: 0 };
    },
    why: /older version.*generated where: give the outputs/,
  },
};

for (const [what, { text, spoil, why }] of Object.entries(REFUSED)) {
  Deno.test(`${what} is refused, with the inputs to give instead`, () => {
    assert.match(faultOf(text, spoil) ?? "", why);
  });
}
