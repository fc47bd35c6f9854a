import fc from "fast-check";
import assert from "node:assert/strict";
import { fitCommand, isPiece, OWNED_FLAGS, splitTotal } from "../../core/fit_command.ts";
import type { FarmManifest } from "../../core/schema/manifest.ts";
import { cutShards } from "../../core/toys.ts";
import { planOf, type SampleChange, sampleManifest } from "../fixtures/run.ts";

const PATHS = { nextstat: "/bin/nextstat", config: "/specs/spec.json", out: "/o", metrics: "/m" };
const AT = "2026-11-24T20:00:00.000Z";

const command = (manifest: FarmManifest, shard: number, threads = 1) =>
  fitCommand(manifest, planOf(manifest, shard), PATHS, threads).join(" ");
const ofRun = (farm: NonNullable<SampleChange["farm"]>) => command(sampleManifest({ farm }), 1);

const HEAD = "/bin/nextstat unbinned-fit-toys --config /specs/spec.json";
const TAIL = "--json-metrics /m -o /o";

Deno.test("a shard is run by the run's own seed, its total and I/K", () => {
  const wanted = `${HEAD} --n-toys 20 --seed 42 --shard 1/4 --threads 3 --gen init ${TAIL}`;
  assert.equal(command(sampleManifest(), 1, 3), wanted);
});

Deno.test("a piece of a cut shard is run by its own seed and count, without --shard", () => {
  const cut = cutShards(sampleManifest(), [1], AT);
  assert.ok(isPiece(cut, planOf(cut, 4)) && !isPiece(cut, planOf(cut, 1)));
  assert.equal(command(cut, 4), `${HEAD} --n-toys 3 --seed 47 --threads 1 --gen init ${TAIL}`);
  assert.match(command(cut, 0), /--n-toys 20 --seed 42 --shard 0\/4 /);
});

Deno.test("an extension does not change the command lines of the original split", () => {
  const manifest = sampleManifest();
  const more = { ...planOf(manifest, 0), shard_index: 4, toy_start: 20, seed: 62 };
  const longer = { ...manifest, n_toys: 25, plans: [...manifest.plans, more] };
  assert.equal(splitTotal(longer), 20);
  assert.equal(command(longer, 2), command(manifest, 2));
  assert.match(command(longer, 4), /--n-toys 5 --seed 62 --threads/);
});

for (
  const [what, farm, words] of [
    ["--gen mle", { gen: "mle" }, "--gen mle --json"],
    ["--set", { set: { mu: 1.5, "a[0]": -2e-7 } }, "--gen init --set mu=1.5 --set a[0]=-2e-7 --json"],
    [
      "--freeze-gen",
      { gen: "mle", frozen_gen: { mu: 1.01, tau: 0.3 } },
      "--gen init --set mu=1.01 --set tau=0.3 --json",
    ],
    [
      "--set over --freeze-gen",
      { gen: "mle", frozen_gen: { mu: 1, tau: 2 }, set: { tau: 9 } },
      "--gen init --set mu=1 --set tau=9 --json",
    ],
    ["--pulls", { pulls: true }, "--gen init --max-abs-poi-pull-mean 1e9 --json"],
    [
      "--extra-arg",
      { extra_args: ["--summary-ci-method", "bca", "a b"] },
      "--gen init --summary-ci-method bca a b --json",
    ],
  ] satisfies [string, NonNullable<SampleChange["farm"]>, string][]
) {
  Deno.test(`the command line with ${what}`, () => assert.ok(ofRun(farm).includes(words), ofRun(farm)));
}

Deno.test("--set and --freeze-gen reach nextstat to the last bit", () => {
  fc.assert(fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (mu) => {
    const words = fitCommand(sampleManifest({ farm: { set: { mu } } }), planOf(sampleManifest(), 0), PATHS, 1);
    assert.equal(Number(words[words.indexOf("--set") + 1]?.slice("mu=".length)), mu + 0);
  }));
});

Deno.test("guardrails of the run apply to the merged set and are not passed to shards", () => {
  const guardrails = {
    require_all_converged: true,
    max_abs_poi_pull_mean: 0.1,
    poi_pull_std_range: [0.9, 1.1] as [number, number],
  };
  const text = ofRun({ pulls: true, guardrails });
  assert.doesNotMatch(text, /--require-all-converged|--poi-pull-std-range|--max-abs-poi-pull-mean 0\.1/);
});

Deno.test("--extra-arg refuses every flag that a command line sets", () => {
  const cut = cutShards(sampleManifest({ farm: { pulls: true, set: { mu: 1 } } }), [0], AT);
  const flags = [...command(cut, 1).split(" "), ...command(cut, 4).split(" ")].filter((word) => /^--?[a-z]/.test(word));
  const owned = new Set<string>(OWNED_FLAGS);
  assert.deepEqual(flags.filter((flag) => !owned.has(flag)), []);
});
