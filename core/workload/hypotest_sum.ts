import { rounded, withError } from "../format.ts";
import { float, type Json } from "../merge/json_text.ts";
import type {
  Asymptotic,
  FailedToys,
  FixedAuxiliary,
  HypotestOutput,
  TieProbability,
  Ties,
  ToyTail,
} from "../schema/hypotest.ts";
import type { WorkloadSettings } from "../schema/manifest.ts";
import { clopperPearson, type Distributions } from "../statistics.ts";
import { auxiliaryText, failedToysWords, type Hypothesis, LEAST_TIE, tieRange, tieText } from "./test_caveats.ts";
import type { AddedUp, CountedOutput } from "./workload.ts";

export interface TestOutput extends CountedOutput {
  document: HypotestOutput;
  /** Toys of each hypothesis with a test statistic of at least the observed one. */
  k: Record<Hypothesis, number>;
  /** Toys of each hypothesis with a test statistic. */
  n: Record<Hypothesis, number>;
  /** Of a merged document: by how much its shards differ at most. 0: it is of one nextstat run. */
  spread: Spread;
  /** Of a merged document; null: it has none. */
  asymptotic: Asymptotic | null;
  /** Of a merged document. */
  fixed_auxiliary?: FixedAuxiliary | undefined;
  ties?: TieProbability | undefined;
}

interface Spread {
  q_obs: number;
  mu_hat: number;
}

/** Toys of one hypothesis, added up over shards. */
interface Sum {
  n_toys: number;
  n_error: number;
  n_nonconverged: number;
  n: number;
  k: number;
}

function sumOf(outputs: readonly TestOutput[], one: Hypothesis): Sum {
  const sum: Sum = { n_toys: 0, n_error: 0, n_nonconverged: 0, n: 0, k: 0 };
  for (const { document, k, n } of outputs) {
    sum.n_toys += document.n_toys[one];
    sum.n_error += document.n_error[one];
    sum.n_nonconverged += document.n_nonconverged[one];
    sum.n += n[one];
    sum.k += k[one];
  }
  return sum;
}

/** Returns nextstat's p-value of k of n toys: never 0, since the observed data count as one more toy. */
const pValue = (k: number, n: number): number => (k + 1) / (n + 1);

/** Returns CLs of both p-values; as nextstat does, at most 1, which few toys may exceed. */
export const clsOf = (clsb: number, clb: number): number => Math.min(1, clsb / clb);

const tailOf = ({ k, n }: Sum, distributions: Distributions): ToyTail => ({
  k,
  n,
  p: pValue(k, n),
  interval: clopperPearson(k, n, distributions),
});

/**
 * Returns the standard deviation of CLs = CLs+b / CLb by the binomial errors of both, which are independent: their toys
 * have other seeds. NaN without toys.
 */
export function clsError(sb: Pick<ToyTail, "p" | "n">, b: Pick<ToyTail, "p" | "n">): number {
  const relative = ({ p, n }: Pick<ToyTail, "p" | "n">) => (1 - p) / (p * n);
  return sb.p / b.p * Math.sqrt(relative(sb) + relative(b));
}

/** Returns least and greatest p-value if failed toys and those that did not converge had fallen on either side. */
function pRange({ k, n, n_error, n_nonconverged }: Sum): [number, number] {
  const all = n + n_error;
  return [
    pValue(Math.max(0, k - n_nonconverged), all),
    pValue(Math.min(n, k + n_nonconverged) + n_error, all),
  ];
}

function clsRange(sb: Sum, b: Sum): [number, number] {
  const [[sb_least, sb_most], [b_least, b_most]] = [pRange(sb), pRange(b)];
  return [clsOf(sb_least, b_most), clsOf(sb_most, b_least)];
}

function spreadOf(outputs: readonly TestOutput[], name: keyof Spread): number {
  const [least, most] = outputs.reduce<[number, number]>(
    // The value of a merged document is that of one of its shards: the others lie within the spread on either side.
    ([low, high], { document, spread }) => [
      Math.min(low, document[name] - spread[name]),
      Math.max(high, document[name] + spread[name]),
    ],
    [Infinity, -Infinity],
  );
  return most - least;
}

/**
 * Returns the sum of the outputs of a test: of each hypothesis k and n add up exactly, since toy i has the seed S + i in
 * every split.
 * @param outputs at least one, in toy order
 */
export function addUpHypotest(
  outputs: readonly TestOutput[],
  settings: WorkloadSettings | undefined,
  distributions: Distributions,
): AddedUp {
  const [first] = outputs;
  if (!first) throw new Error("A merge has at least one output");
  const document = asAsked(first.document, settings);
  const [sb, b] = [sumOf(outputs, "sb"), sumOf(outputs, "b")];
  const tails = { sb: tailOf(sb, distributions), b: tailOf(b, distributions) };
  const cls = clsOf(tails.sb.p, tails.b.p);
  const asymptotic = settings?.asymptotic ?? outputs.find((one) => one.asymptotic)?.asymptotic ?? null;
  const auxiliary = settings?.fixed_auxiliary ?? outputs.find((one) => one.fixed_auxiliary)?.fixed_auxiliary;
  const ties = tiesOf(settings?.tie_probability ?? outputs.find((one) => one.ties)?.ties, tails);
  const error = clsError(tails.sb, tails.b);
  const range = clsRange(sb, b);
  const spread = {
    q_obs: spreadOf(outputs, "q_obs"),
    mu_hat: spreadOf(outputs, "mu_hat") / (settings?.signal_scale ?? 1),
  };
  const per = (name: "n_toys" | "n_error" | "n_nonconverged") => ({ b: b[name], sb: sb[name] });
  const failed: FailedToys = { n_toys: per("n_toys"), n_error: per("n_error"), n_nonconverged: per("n_nonconverged") };
  const { input_schema_version, poi_index } = document;
  return {
    document: {
      clb: float(tails.b.p),
      cls: float(cls),
      clsb: float(tails.sb.p),
      expected_set: null,
      ...(input_schema_version === undefined ? {} : { input_schema_version }),
      mu_hat: float(document.mu_hat),
      mu_test: float(document.mu_test),
      n_error: per("n_error"),
      n_nonconverged: per("n_nonconverged"),
      n_toys: per("n_toys"),
      ...(poi_index === undefined ? {} : { poi_index }),
      q_obs: float(document.q_obs),
      seed: document.seed,
    },
    farm: {
      tails: { sb: tailJson(tails.sb), b: tailJson(tails.b) },
      cls_error: float(error),
      failed: { n_error: per("n_error"), n_nonconverged: per("n_nonconverged"), cls_range: range.map(float) },
      spread: { q_obs: float(spread.q_obs), mu_hat: float(spread.mu_hat) },
      asymptotic: asymptoticJson(asymptotic),
      ...(auxiliary ? { fixed_auxiliary: { parameters: auxiliary.parameters } } : {}),
      ...(ties ? { ties: tiesJson(ties) } : {}),
    },
    lines: resultLines({
      ...{ mu: document.mu_test, cls, error, tails, range, spread, asymptotic },
      ...{ failed: failedToysWords(failed), auxiliary, ties },
    }),
  };
}

/** Returns what the observed counts do to CLs; undefined where they are too improbable, or it is not known. */
function tiesOf(
  probability: TieProbability | undefined,
  { sb, b }: { sb: ToyTail; b: ToyTail },
): Ties | undefined {
  if (!probability || Math.max(probability.sb, probability.b) < LEAST_TIE) return undefined;
  const { at, ...both } = probability;
  const of_both = { b: both.b, sb: both.sb };
  return { ...of_both, at, cls_range: tieRange(sb.p, b.p, of_both) };
}

const tiesJson = ({ b, sb, at, cls_range }: Ties): Json => ({
  ...{ b: float(b), sb: float(sb), at },
  cls_range: cls_range.map(float),
});
/** Returns an output with the POI as the user has it: the fits' workspace may have a rescaled signal. */
export const asAsked = (document: HypotestOutput, settings: WorkloadSettings | undefined): HypotestOutput => {
  const { signal_scale: scale, mu = document.mu_test } = settings ?? {};
  return scale === undefined ? document : { ...document, mu_test: mu, mu_hat: document.mu_hat / scale };
};

const tailJson = ({ k, n, p, interval }: ToyTail): Json => ({ k, n, p: float(p), interval: interval.map(float) });

function asymptoticJson(asymptotic: Asymptotic | null): Json {
  if (!asymptotic) return null;
  const { cls, clsb, clb, expected } = asymptotic;
  return { cls: float(cls), clsb: float(clsb), clb: float(clb), expected: expected?.map(float) ?? null };
}

interface Result {
  mu: number;
  cls: number;
  error: number;
  tails: { sb: ToyTail; b: ToyTail };
  /** Words about toys that failed, for each hypothesis that has such toys. */
  failed: readonly string[];
  range: readonly [number, number];
  spread: { q_obs: number };
  asymptotic: Asymptotic | null;
  auxiliary: FixedAuxiliary | undefined;
  ties: Ties | undefined;
}

/** Returns the result of a test for a person: each probability with its Monte Carlo error, and what may move it. */
function resultLines({ mu, cls, error, tails, failed, range, spread, asymptotic, auxiliary, ties }: Result): string[] {
  const beside = asymptotic ? `  asymptotic ${rounded(asymptotic.cls, 4)}` : "";
  return [
    `CLs    ${withError(cls, error)} at mu = ${rounded(mu, 6)}${beside}`,
    tailLine("CLs+b", tails.sb),
    tailLine("CLb", tails.b),
    ...failed,
    ...(failed.length === 0
      ? []
      : [`CLs from ${rounded(range[0], 4)} to ${rounded(range[1], 4)} if the failed toys had fallen on either side`]),
    ...(spread.q_obs === 0 ? [] : [`the observed q differs by up to ${spread.q_obs.toExponential(1)} between shards`]),
    ...(ties ? [tieText(ties)] : []),
    ...(auxiliary ? [auxiliaryText(auxiliary)] : []),
  ];
}

const tailLine = (label: string, { k, n, p, interval: [least, most] }: ToyTail): string =>
  `${label.padEnd(5)}  ${rounded(p, 4)}, 68 % interval ${rounded(least, 4)} to ${rounded(most, 4)}: ${k} of ${n} toys`;
