import assert from "node:assert/strict";
import { outputFault, selfFault } from "../../core/check_result.ts";
import { readShardOutput } from "../../core/output.ts";
import { type FarmManifest, Manifest, type Plan } from "../../core/schema/manifest.ts";
import { cutShards } from "../../core/toys.ts";
import { sampleFrame } from "../fixtures/output.ts";
import { planOf, type SampleChange, sampleManifest } from "../fixtures/run.ts";

/** Members to change: parts of objects, or whole values. */
type Changes = Record<string, object | number | null>;

/** The output of shard 1 with some members changed, read as a file would be. */
function outputWith(manifest: FarmManifest, plan: Plan, change: Changes = {}) {
  const frame: Record<string, unknown> = { ...sampleFrame(manifest, plan) };
  for (const [name, part] of Object.entries(change)) {
    const before = frame[name];
    const isObject = typeof part === "object" && part !== null && !Array.isArray(part);
    frame[name] = isObject && typeof before === "object" ? { ...before, ...part } : part;
  }
  return readShardOutput(frame);
}

const manifest = sampleManifest();
const plan = planOf(manifest, 1);
const faultOf = (change: Changes) => outputFault(manifest, plan, outputWith(manifest, plan, change));
const flags = [true, true, true, true, true];

Deno.test("outputFault() accepts the output of every planned shard and piece", () => {
  const cut = cutShards(manifest, [2], "2026-11-24T20:00:00.000Z");
  for (const one of cut.plans) assert.equal(outputFault(cut, one, outputWith(cut, one)), null);
});

for (
  const [what, change, wanted] of [
    ["of another seed", { gen: { seed: 43 } }, "has run seed 43, planned is 42"],
    ["of a run of another size", { gen: { n_toys: 22 }, shard: { shard_start: 6 }, results: {} }, /of 22 has 6 from 6/],
    ["of another shard", { shard: { shard_index: 2, shard_start: 10 } }, "is of shard 2, planned is 1"],
    ["without a shard", { shard: null }, "is of an unsharded run, planned is a shard of one"],
    ["at another generation point", { gen: { point: "mle" } }, 'was generated at "mle", planned is "init"'],
    [
      "with an override nobody asked for",
      { gen: { overrides: { mu: 2 } } },
      "was generated with mu = 2, planned is as it is",
    ],
    [
      "whose toys are not those of its shard",
      { shard: { shard_start: 4 } },
      /holds the toys from 4, 5 of them; shard 1\/4 of 20 has 5 from 5/,
    ],
    ["that counts its own toys wrong", { shard: { shard_n_toys: 4 } }, "says that it holds 4 toys, but has 5"],
    ["of more shards than it says", { shard: { shard_index: 4, shard_total: 4 } }, "says that it is shard 4 of 4"],
    ["with a POI that is no parameter", { poi_index: 2 }, "says that its POI is number 2 of 2 parameters"],
    ["with more values than parameters", { gen: { params: [1, 2, 3] } }, "has 3 generation values for 2 parameters"],
    [
      "that counts more converged toys than it marks",
      { results: { converged: [...flags.slice(1), null] } },
      "says n_converged 5, but marks 4 toys so",
    ],
    [
      "that counts fewer errors than it marks",
      { results: { n_converged: 4, converged: [...flags.slice(1), null] } },
      "says n_error 0, but marks 1 toys so",
    ],
    ["that counts no toy as not converged, but marks one", {
      results: { n_converged: 4, converged: [...flags.slice(1), false] },
    }, "says n_nonconverged 0, but marks 1 toys so"],
  ] satisfies [string, Changes, string | RegExp][]
) {
  Deno.test(`outputFault() refuses an output ${what}`, () => {
    const fault = faultOf(change);
    if (typeof wanted === "string") assert.equal(fault, wanted);
    else assert.match(fault ?? "", wanted);
  });
}

Deno.test("outputFault() refuses an output of more or fewer toys than planned", () => {
  assert.equal(
    outputFault(manifest, { ...plan, n_toys: 6 }, outputWith(manifest, plan)),
    "holds 5 toys, planned are 6",
  );
});

Deno.test("outputFault() compares the values of --set and --freeze-gen to the last digit", () => {
  const with_gen = (farm: SampleChange["farm"]) => sampleManifest({ farm: farm ?? {} });
  const frozen = with_gen({ gen: "mle", frozen_gen: { mu: 1.25, tau: 0.5 }, set: { mu: 2 } });
  assert.equal(outputFault(frozen, plan, outputWith(frozen, plan)), null);
  const other = { gen: { overrides: { mu: 1.25, tau: 0.5 } } };
  assert.equal(
    outputFault(frozen, plan, outputWith(frozen, plan, other)),
    "was generated with mu = 1.25, planned is 2",
  );
  assert.match(outputFault(frozen, plan, outputWith(manifest, plan)) ?? "", /mu = as it is, planned is 2/);
  const proto = with_gen({ set: { constructor: 1 } });
  assert.match(outputFault(proto, plan, outputWith(manifest, plan)) ?? "", /constructor = as it is, planned is 1/);
});

Deno.test("the output of a piece has its own seed and count, and no shard", () => {
  const cut = cutShards(manifest, [1], "2026-11-24T20:00:00.000Z");
  const piece = planOf(cut, 5);
  const fault = (gen: object) => outputFault(cut, piece, outputWith(cut, piece, { gen }));
  assert.equal(fault({ seed: 51 }), "starts at seed 51, planned is 50");
  assert.equal(fault({ n_toys: 20 }), "is of 20 toys, planned are 2");
});

Deno.test("an extension does not change the shards of the original split", () => {
  const plans = [...manifest.plans, { ...plan, shard_index: 4, toy_start: 20, seed: 62 }];
  const longer = { ...manifest, n_toys: 25, plans };
  assert.equal(outputFault(longer, plan, outputWith(manifest, plan)), null);
});

Deno.test("a run of the old scripts is compared only with the members that its manifest has", () => {
  const { farm: _, ...rest } = manifest;
  const old = Manifest.parse(rest);
  assert.equal(
    outputFault(old, plan, outputWith(manifest, plan, { gen: { point: "mle", overrides: { mu: 9 } } })),
    null,
  );
  assert.equal(
    outputFault(old, plan, outputWith(manifest, plan, { gen: { seed: 41 } })),
    "has run seed 41, planned is 42",
  );
});

Deno.test("selfFault() needs no plan", () => {
  assert.equal(selfFault(outputWith(manifest, plan)), null);
  assert.match(selfFault(outputWith(manifest, plan, { results: { n_converged: 4 } })) ?? "", /says n_converged 4/);
});
