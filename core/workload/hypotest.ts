import * as z from "../schema/zod.ts";
import { FarmError } from "../errors.ts";
import { isEqualNumber } from "../merge/equal.ts";
import type { FitPaths } from "../fit_command.ts";
import { Asymptotic, HYPOTEST_MERGED_SCHEMA, HYPOTEST_RUN_SCHEMA, HypotestMerged } from "../schema/hypotest.ts";
import type { FarmManifest, Manifest, Plan, WorkloadSettings } from "../schema/manifest.ts";
import type { MergedAbout } from "../schema/merged.ts";
import { MERGED_SCHEMA } from "../schema/shard_output.ts";
import type { Distributions } from "../statistics.ts";
import { addUpHypotest, asAsked, clsOf, type TestOutput } from "./hypotest_sum.ts";
import { isTest, parseTest } from "./test_output.ts";
import { unbinnedFault, workspaceFault } from "./spec_kind.ts";
import { HYPOTHESES, type Hypothesis } from "./test_caveats.ts";
import { WORKSPACE_FACTS } from "./workspace_facts.ts";
import type { ExportColumn, ExportedRows, SpecFacts, Workload } from "./workload.ts";

/**
 * Seeds between toy i of the background alone (S + i) and toy i of signal plus background (S + 10^9 + i): nextstat
 * 0.10.1, crates/ns-inference/src/toybased.rs.
 */
const SEEDS_BETWEEN = 1_000_000_000;

function selfFault({ document: { cls, clsb, clb, n_toys, n_nonconverged }, n }: TestOutput): string | null {
  if (n_toys.b !== n_toys.sb) return `has ${n_toys.b} toys of one hypothesis and ${n_toys.sb} of the other`;
  const odd = HYPOTHESES.find((one) => n_nonconverged[one] > n[one]);
  if (odd) return `says that ${n_nonconverged[odd]} of ${n[odd]} toys did not converge`;
  return isEqualNumber(cls, clsOf(clsb, clb), "same") ? null : `has cls = ${cls}, but clsb / clb = ${clsb / clb}`;
}

function planFault({ farm }: Manifest, plan: Plan, output: TestOutput): string | null {
  const { n_toys, seed, mu_test, expected_set } = output.document;
  if (n_toys.b !== plan.n_toys) return `holds ${n_toys.b} toys of each hypothesis, planned are ${plan.n_toys}`;
  const fault = selfFault(output);
  if (fault !== null) return fault;
  if (seed !== plan.seed) return `starts at seed ${seed}, planned is ${plan.seed}`;
  const mu = testedMu(farm?.workload);
  if (mu_test !== mu) return `tests mu = ${mu_test}, planned is ${mu}`;
  return expected_set ? "has an expected_set, which cannot be added up from shards" : null;
}

/** Returns why two outputs are not of one test: the observed data are fitted anew for each. */
function observedFault(a: TestOutput, b: TestOutput, machines: "same" | "other"): string | null {
  const [one, other] = [a.document, b.document];
  if (one.mu_test !== other.mu_test) return `tests mu = ${one.mu_test}, most test ${other.mu_test}`;
  const name = (["q_obs", "mu_hat"] as const).find((name) => !isEqualNumber(one[name], other[name], machines));
  return name ? `has another ${name}: ${one[name]}, most have ${other[name]}` : null;
}

function equalFault(a: TestOutput, b: TestOutput, machines: "same" | "other"): string | null {
  if (a.document.seed !== b.document.seed) return "the seed differs";
  if (a.document.n_toys.b !== b.document.n_toys.b) return "the count of toys differs";
  const name = HYPOTHESES.find((one) => a.n[one] !== b.n[one] || a.k[one] !== b.k[one]);
  if (name) return `${a.k[name]} of ${a.n[name]} ${name} toys in one and ${b.k[name]} of ${b.n[name]} in the other`;
  return observedFault(a, b, machines);
}

const IsMerged = z.looseObject({ merge: z.looseObject({ schema_version: z.literal(HYPOTEST_MERGED_SCHEMA) }) });

function about(document: unknown): MergedAbout | null {
  if (!IsMerged.safeParse(document).success) return null;
  const parsed = HypotestMerged.safeParse(document);
  return parsed.success ? aboutOf(parsed.data) : null;
}

const aboutOf = ({ seed, n_toys, merge: { sources, farm } }: HypotestMerged): MergedAbout => ({
  gen: { seed, n_toys: n_toys.b + farm.missing.reduce((sum, range) => sum + range.n_toys, 0) },
  merge: {
    schema_version: MERGED_SCHEMA,
    sources: sources.map(({ shard_index, toy_start, n_toys }) => ({ shard_index, toy_start, n_toys })),
    farm: { partial: farm.partial, run_tokens: farm.run_tokens, spec_sha256: farm.spec_sha256 },
  },
});

type Given = Parameters<Workload["settings"]>[0];

function settings(name: string, { mu, signal_scale }: Given): WorkloadSettings {
  if (mu !== undefined) return { name, mu, ...(signal_scale === undefined ? {} : { signal_scale }) };
  throw new FarmError("usage", `Cannot run ${name} without --mu: wanted the tested value of the POI`, "Add --mu 1.0");
}

/** Words of nextstat's command that the two kinds of tests write differently. */
interface Kind {
  name: string;
  config_flag: string;
  has_metrics: boolean;
  specFault: Workload["specFault"];
  reference: Workload["reference"];
  spec_facts?: SpecFacts;
  modelWords?: Workload["modelWords"];
}

/** Returns the path of the workspace or spec that fits read: the run's copy where it has one. */
function configOf({ farm: { workspace } }: FarmManifest, { config, root }: Pick<FitPaths, "config" | "root">): string {
  if (!workspace) return config;
  return root === undefined ? workspace.path : `${root}/${workspace.path}`;
}

/** Returns the tested value in the workspace that fits read. */
const testedMu = ({ mu = NaN, signal_scale = 1 }: Partial<WorkloadSettings> = {}): number => mu * signal_scale;

/** Returns a column of whole numbers, one for each hypothesis of a shard. */
const counted = (name: string, of: (output: TestOutput, one: Hypothesis) => number): ExportColumn<TestOutput> => ({
  name,
  type: "integer",
  of: ({ output }, i) => of(output, hypothesisOf(i)),
});

const hypothesisOf = (row: number): Hypothesis => HYPOTHESES[row] ?? "b";

/** One row for each hypothesis of a shard. */
const TEST_ROWS: ExportedRows<TestOutput> = {
  count: () => HYPOTHESES.length,
  columns: [
    { name: "shard", type: "integer", of: ({ plan }) => plan.shard_index },
    { name: "toy_start", type: "integer", of: ({ plan }) => plan.toy_start },
    counted("n_toys", ({ document }, one) => document.n_toys[one]),
    { name: "seed", type: "integer", of: ({ plan }, i) => plan.seed + (hypothesisOf(i) === "sb" ? SEEDS_BETWEEN : 0) },
    { name: "hypothesis", type: "text", of: (_shard, i) => hypothesisOf(i) },
    counted("k", ({ k }, one) => k[one]),
    counted("n", ({ n }, one) => n[one]),
    counted("n_error", ({ document }, one) => document.n_error[one]),
    counted("n_nonconverged", ({ document }, one) => document.n_nonconverged[one]),
    { name: "q_obs", type: "real", of: ({ output }) => output.document.q_obs },
    { name: "mu_hat", type: "real", of: ({ output, settings }) => asAsked(output.document, settings).mu_hat },
    { name: "host", type: "text", of: ({ host }) => host },
  ],
};

const hypotestWorkload = (
  { name, config_flag, has_metrics, specFault, reference, spec_facts, modelWords }: Kind,
): Workload<TestOutput> => ({
  name,
  ...(modelWords ? { modelWords } : {}),
  run_schema: HYPOTEST_RUN_SCHEMA,
  owned_flags: [config_flag, "--config", "--input", "-i", "--mu", "--n-toys", "--seed", "--threads", "--expected-set"]
    .concat(["--output", "-o", "--json-metrics", "--bundle"]),
  has_generation: false,
  has_metrics,
  seed_offsets: [0, SEEDS_BETWEEN],
  specFault,
  settings: (given) => settings(name, given),
  command: (manifest, plan, { nextstat, out, metrics, ...paths }, threads) => [
    ...[nextstat, name, config_flag, configOf(manifest, paths), "--mu", `${testedMu(manifest.farm.workload)}`],
    ...["--n-toys", `${plan.n_toys}`, "--seed", `${plan.seed}`, "--threads", `${threads}`],
    ...manifest.farm.extra_args,
    ...(has_metrics ? ["--json-metrics", metrics] : []),
    ...["-o", out],
  ],
  hasOwnCommand: () => true,
  parse: parseTest,
  selfFault,
  planFault,
  isOfPlan: (manifest, plan, text) => planFault(manifest, plan, parseTest(text).output) === null,
  equalFault,
  failedGuardrail: () => false,
  counts: ({ n_converged, n_error }) => ({ n_converged, n_error }),
  reference,
  ...(spec_facts ? { spec_facts } : {}),
  rows: TEST_ROWS,
  merge: {
    schema: HYPOTEST_MERGED_SCHEMA,
    isOutput: (document) => isTest(document, config_flag === "--config"),
    firstSeed: ({ document }) => document.seed,
    mismatch: observedFault,
    addUp: addUpHypotest,
    about,
  },
});

/** Tests of workspaces with toys: nextstat hypotest-toys. */
export const hypotestToys = hypotestWorkload({
  name: "hypotest-toys",
  config_flag: "--input",
  has_metrics: false,
  modelWords: interpolation,
  specFault: workspaceFault,
  spec_facts: WORKSPACE_FACTS,
  reference: {
    command: (manifest, { nextstat, out, ...paths }) => [
      ...[nextstat, "hypotest", "--input", configOf(manifest, paths), "--mu", `${testedMu(manifest.farm.workload)}`],
      "--expected-set",
      ...interpolation(manifest),
      ...["-o", out],
    ],
    read: (document, settings) => {
      const parsed = Asymptotic.safeParse(document);
      return parsed.success ? { ...settings, asymptotic: asymptoticOf(parsed.data) } : settings;
    },
  },
});

/** The one argument of the user that changes the model of a workspace. */
function interpolation({ farm: { extra_args } }: FarmManifest): string[] {
  const i = extra_args.findIndex((word) => word.startsWith("--interp-defaults"));
  return i < 0 ? [] : extra_args.slice(i, extra_args[i]?.includes("=") ? i + 1 : i + 2);
}

const Expected = z.looseObject({ cls: z.array(z.number()) });

/** nextstat lists the expected CLs from 2 standard deviations down to -2: those of the weakest limit last. */
function asymptoticOf({ cls, clsb, clb, ...rest }: Asymptotic): Asymptotic {
  const expected = Expected.safeParse(rest["expected_set"]).data?.cls;
  return { cls, clsb, clb, expected: expected ?? null };
}

/** Tests of unbinned specs with toys: nextstat unbinned-hypotest-toys. */
export const unbinnedHypotestToys = hypotestWorkload({
  name: "unbinned-hypotest-toys",
  config_flag: "--config",
  has_metrics: true,
  specFault: unbinnedFault,
  reference: {
    command: ({ farm: { workload } }, { nextstat, config, out }) => [
      ...[nextstat, "unbinned-hypotest", "--config", config, "--mu", `${workload?.mu}`, "-o", out],
    ],
    read: (document, settings, distributions) => {
      const { data } = UnbinnedTest.safeParse(document);
      const asymptotic = data ? waldCls(data.q_mu, data.mu_test, data.mu_hat, distributions) : null;
      return asymptotic ? { ...settings, asymptotic } : settings;
    },
  },
});

/** Output of nextstat unbinned-hypotest, which has the test statistic but no p-values. */
const UnbinnedTest = z.looseObject({ q_mu: z.number(), mu_test: z.number(), mu_hat: z.number() });

/**
 * Returns CLs by Wald's approximation: q = ((mu - mu_hat) / sigma)^2 gives sigma, and so the q of background-only
 * Asimov data, (mu / sigma)^2 (Cowan, Cranmer, Gross and Vitells, Eur. Phys. J. C 71 (2011) 1554, section 2.2); null
 * where mu_hat exceeds mu, since q is then 0 and tells nothing about sigma.
 */
export function waldCls(
  q: number,
  mu: number,
  mu_hat: number,
  { normalCdf }: Pick<Distributions, "normalCdf">,
): Asymptotic | null {
  if (!(q > 0) || mu_hat >= mu) return null;
  const [distance, of_background] = [Math.sqrt(q), mu / (mu - mu_hat) * Math.sqrt(q)];
  const [clsb, clb] = [normalCdf(-distance), normalCdf(of_background - distance)];
  return clb > 0 ? { cls: clsb / clb, clsb, clb, expected: null } : null;
}
