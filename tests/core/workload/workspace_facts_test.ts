import assert from "node:assert/strict";
import { TieProbability } from "../../../core/schema/hypotest.ts";
import { auxiliaryText, tieRange, tieText } from "../../../core/workload/test_caveats.ts";
import { WORKSPACE_FACTS } from "../../../core/workload/workspace_facts.ts";
import { sampleManifest } from "../../fixtures/run.ts";
import { EVERY_MODIFIER, oneBin } from "../support/workspaces.ts";

const manifestAt = (mu: number, extra_args: string[] = []) =>
  sampleManifest({ farm: { workload: { name: "hypotest-toys", mu }, extra_args } });

const { ofSpec, copies, ofFits, command } = WORKSPACE_FACTS;

/** Poisson probabilities of 18 and of at most 18 events where 30 and 20 are expected, by scipy. */
const EXACT = {
  sb: { p: 0.005662485560975955, tail: 0.012932701766165672 },
  b: { p: 0.08439355152248075, tail: 0.381421949447154 },
};

Deno.test("parameters with auxiliary data are named, each once; a workspace of normfactors has none", () => {
  assert.deepEqual(ofSpec(EVERY_MODIFIER, manifestAt(1)).fixed_auxiliary, {
    parameters: ["lumi", "n", "stat_c", "h", "u"],
  });
  assert.equal("fixed_auxiliary" in ofSpec(oneBin(10, 20, 18), manifestAt(1)), false);
  assert.deepEqual(ofSpec({ distributions: [] }, manifestAt(1)), { fixed_auxiliary: { parameters: null } });
});

Deno.test("the sentence about auxiliary data has the names, the factor, and what else draws them", () => {
  assert.equal(
    auxiliaryText({ parameters: ["a", "b", "c", "d", "e"] }),
    "the auxiliary data of 5 constrained parameters (a, b, c, d, …) stay as observed in every toy, but are drawn by pyhf and by LHC-limits: CLs can differ by a factor of 2",
  );
  assert.match(auxiliaryText({ parameters: null }), /^the auxiliary data of any constrained parameters stay /);
});

Deno.test("the probability of the observed count of a counting experiment is its closed form", () => {
  const { tie_probability } = ofSpec(oneBin(10, 20, 18), manifestAt(1));
  const { sb, b, at } = TieProbability.parse(tie_probability);
  assert.equal(at, "nominal");
  assert.ok(Math.abs(sb / EXACT.sb.p - 1) < 1e-12 && Math.abs(b / EXACT.b.p - 1) < 1e-12, `${sb}, ${b}`);
});

Deno.test("the range of CLs by ties has the exact CLs, however many of the tied toys were counted", () => {
  const exact = EXACT.sb.tail / EXACT.b.tail;
  for (const share_sb of [0, 0.3, 1]) {
    for (const share_b of [0, 0.6, 1]) {
      const clsb = EXACT.sb.tail - share_sb * EXACT.sb.p;
      const clb = EXACT.b.tail - share_b * EXACT.b.p;
      const [least, most] = tieRange(clsb, clb, { sb: EXACT.sb.p, b: EXACT.b.p });
      assert.ok(least <= exact + 1e-12 && exact <= most + 1e-12, `${least} to ${most}, exact ${exact}`);
    }
  }
  assert.deepEqual(tieRange(0.01, 0.05, { sb: 0.02, b: 0.06 }), [0, 1], "no range beyond 0 and 1");
  assert.match(
    tieText({ sb: 0.0057, b: 0.084, at: "nominal", cls_range: [0.0154, 0.0625] }),
    /^the observed counts have probability 0\.0057 in s\+b and 0\.084 in b-only toys \(at nominal values of the other parameters\), .* CLs from 0\.0154 to 0\.0625$/,
  );
});

/** With so few events in two of its bins the observed counts may have a probability of 0.2 %. */
const FEW = { ...EVERY_MODIFIER, observations: [{ name: "c", data: [51, 4] }, { name: "d", data: [4] }] };

Deno.test("a workspace whose observed counts are improbable under every expectation needs no fits", () => {
  const { tie_probability } = ofSpec(EVERY_MODIFIER, manifestAt(1));
  assert.deepEqual([tie_probability, copies(EVERY_MODIFIER, manifestAt(1))], [undefined, []]);
  assert.equal(
    ofSpec({ ...FEW, observations: [{ name: "c", data: [51, 4] }] }, manifestAt(1)).tie_probability,
    undefined,
  );
});

Deno.test("copies of a workspace hold its POI at the tested value and at 0, and keep all else", () => {
  const [sb, b] = copies(FEW, manifestAt(1.5));
  const held = (value: number) => ({ name: "mu", inits: [value], bounds: [[value, value]] });
  for (const [copy, value] of [[sb, 1.5], [b, 0]] satisfies [unknown, number][]) {
    const [first] = EVERY_MODIFIER.measurements;
    const config = { ...first?.config, parameters: [...first?.config.parameters ?? [], held(value)] };
    assert.deepEqual(copy, { ...FEW, measurements: [{ ...first, config }] });
  }
  assert.deepEqual(copies({ distributions: [] }, manifestAt(1)), []);
});

Deno.test("fits of both hypotheses give the probability there; one that failed leaves the nominal one", () => {
  const fit = (mu: number) => ({ converged: true, parameter_names: ["mu"], bestfit: [mu] });
  const of = (...fits: unknown[]) => ofFits(oneBin(10, 20, 18), manifestAt(1), fits).tie_probability;
  assert.deepEqual(of(fit(0), fit(1)), { b: of(fit(1), fit(0))?.sb, sb: of(fit(1), fit(0))?.b, at: "conditional_fit" });
  assert.equal(of(fit(1), null), undefined);
  assert.equal(of(fit(1), { ...fit(0), converged: false }), undefined);
});

Deno.test("a fit of a copy has the interpolation of the run", () => {
  const paths = { nextstat: "n", config: "c", out: "o" };
  const words = (...extra: string[]) => command(manifestAt(1, extra), paths).join(" ");
  const wanted = (name: string) => `n fit --input c --interp-defaults ${name} --threads 1 -o o`;
  assert.equal(words(), wanted("root"));
  assert.equal(words("--interp-defaults", "pyhf"), wanted("pyhf"));
  assert.equal(words("--interp-defaults=pyhf"), wanted("pyhf"));
  assert.equal(words("--log-level", "pyhf"), wanted("root"));
});
