import * as z from "../schema/zod.ts";

/** Interpolation of normsys and histosys: nextstat's default is `root` (code4, code4p), pyhf's is code1 and code0. */
export type Interpolation = "root" | "pyhf";

const Bins = z.array(z.number());
const Shift = z.looseObject({ hi: z.number(), lo: z.number() });
const Shapes = z.looseObject({ hi_data: Bins, lo_data: Bins });

const Modifier = z.discriminatedUnion("type", [
  z.looseObject({ type: z.literal("normfactor"), name: z.string() }),
  z.looseObject({ type: z.literal("shapefactor"), name: z.string() }),
  z.looseObject({ type: z.literal("lumi"), name: z.string() }),
  z.looseObject({ type: z.literal("shapesys"), name: z.string() }),
  z.looseObject({ type: z.literal("staterror"), name: z.string() }),
  z.looseObject({ type: z.literal("normsys"), name: z.string(), data: Shift }),
  z.looseObject({ type: z.literal("histosys"), name: z.string(), data: Shapes }),
]);
type Modifier = z.infer<typeof Modifier>;

const Sample = z.looseObject({ data: Bins, modifiers: z.array(Modifier) });
type Sample = z.infer<typeof Sample>;

const Parameter = z.looseObject({
  name: z.string(),
  inits: z.optional(Bins),
  auxdata: z.optional(Bins),
});

/** A pyhf workspace (https://scikit-hep.org/pyhf/likelihood.html) of which every modifier is understood. */
export const CountsModel = z.looseObject({
  channels: z.array(z.looseObject({ name: z.string(), samples: z.array(Sample) })),
  observations: z.array(z.looseObject({ name: z.string(), data: Bins })),
  measurements: z.array(z.looseObject({
    config: z.looseObject({ poi: z.string(), parameters: z.optional(z.array(Parameter)) }),
  })),
});
export type CountsModel = z.infer<typeof CountsModel>;

/** Returns the value of a parameter that `given` lacks: what a fit begins with. */
function nominalOf({ measurements: [first] }: CountsModel, { name, type }: Modifier): number {
  if (type === "normsys" || type === "histosys") return 0;
  const set = first?.config.parameters?.find((one) => one.name === name);
  return type === "lumi" ? set?.auxdata?.[0] ?? set?.inits?.[0] ?? 1 : set?.inits?.[0] ?? 1;
}

/**
 * Returns the expected counts of each bin, in the order of the channels and their bins.
 * @param given values of parameters by nextstat's names; a parameter with a value for each bin is `name[i]`; what it
 * lacks has its nominal value
 */
export function expectedCounts(
  model: CountsModel,
  given: ReadonlyMap<string, number>,
  interpolation: Interpolation,
): number[] {
  const valueOf = (modifier: Modifier, bin: number) =>
    given.get(modifier.name) ?? given.get(`${modifier.name}[${bin}]`) ?? nominalOf(model, modifier);
  return model.channels.flatMap(({ samples }) =>
    (samples[0]?.data ?? []).map((_, bin) =>
      samples.reduce((sum, sample) => sum + sampleCount(sample, bin, valueOf, interpolation), 0)
    )
  );
}

function sampleCount(
  { data, modifiers }: Sample,
  bin: number,
  valueOf: (modifier: Modifier, bin: number) => number,
  interpolation: Interpolation,
): number {
  const nominal = data[bin] ?? NaN;
  let [sum, factor] = [nominal, 1];
  for (const modifier of modifiers) {
    const value = valueOf(modifier, bin);
    if (modifier.type === "normsys") factor *= normFactor(value, modifier.data, interpolation);
    else if (modifier.type !== "histosys") factor *= value;
    else {
      const [hi = NaN, lo = NaN] = [modifier.data.hi_data[bin], modifier.data.lo_data[bin]];
      sum += shapeShift(value, hi - nominal, nominal - lo, interpolation);
    }
  }
  return sum * factor;
}

/** Returns what a histosys adds: linear on either side (pyhf's code0), or with a polynomial between -1 and 1 (code4p). */
function shapeShift(alpha: number, up: number, down: number, interpolation: Interpolation): number {
  if (interpolation === "pyhf" || Math.abs(alpha) > 1) return alpha * (alpha >= 0 ? up : down);
  const [s, a] = [(up + down) / 2, (up - down) / 16];
  return alpha * (s + alpha * a * (15 + alpha ** 2 * (3 * alpha ** 2 - 10)));
}

/** Rows: coefficients of alpha to alpha^6 in code4, by the values and derivatives at 1 and -1 (pyhf, interpolators). */
const CODE4 = [
  [15 / 16, -15 / 16, -7 / 16, -7 / 16, 1 / 16, -1 / 16],
  [3 / 2, 3 / 2, -9 / 16, 9 / 16, 1 / 16, 1 / 16],
  [-5 / 8, 5 / 8, 5 / 8, 5 / 8, -1 / 8, 1 / 8],
  [-3 / 2, -3 / 2, 7 / 8, -7 / 8, -1 / 8, -1 / 8],
  [3 / 16, -3 / 16, -3 / 16, -3 / 16, 1 / 16, -1 / 16],
  [1 / 2, 1 / 2, -5 / 16, 5 / 16, 1 / 16, 1 / 16],
];

/** Returns the factor of a normsys: exponential on either side (code1), or with a polynomial between -1 and 1 (code4). */
function normFactor(alpha: number, { hi, lo }: z.infer<typeof Shift>, interpolation: Interpolation): number {
  if (interpolation === "pyhf" || Math.abs(alpha) >= 1) return alpha >= 0 ? hi ** alpha : lo ** -alpha;
  const [up, down] = [Math.log(hi), Math.log(lo)];
  const ends = [hi - 1, lo - 1, hi * up, -lo * down, hi * up ** 2, lo * down ** 2];
  return CODE4.reduce((sum, row, i) => sum + alpha ** (i + 1) * dot(row, ends), 1);
}

const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, x, i) => sum + x * (b[i] ?? 0), 0);

/**
 * Returns the probability of the observed counts: the product of Poisson probabilities. 0 where one is no whole number,
 * which no toy has; null where the expected counts are none.
 */
export function countsProbability(observed: readonly number[], expected: readonly number[]): number | null {
  if (observed.length !== expected.length || expected.some((mean) => !(mean >= 0))) return null;
  if (observed.some((n) => !Number.isInteger(n) || n < 0)) return 0;
  const log = observed.reduce((sum, n, i) => {
    const mean = expected[i] ?? 0;
    return sum + (n === 0 ? 0 : n * Math.log(mean)) - mean - logFactorial(n);
  }, 0);
  return Math.exp(log);
}

/** Returns ln n!, by Stirling's series where it is exact to 1e-15. */
function logFactorial(n: number): number {
  if (n >= 64) return (n + 0.5) * Math.log(n) - n + Math.log(2 * Math.PI) / 2 + 1 / (12 * n) - 1 / (360 * n ** 3);
  let sum = 0;
  for (let k = 2; k <= n; k++) sum += Math.log(k);
  return sum;
}

/** Returns the observed counts in the order of the expected ones; null where a channel has none. */
export function observedCounts({ channels, observations }: CountsModel): number[] | null {
  const found = channels.map(({ name }) => observations.find((one) => one.name === name)?.data);
  return found.some((one) => one === undefined) ? null : found.flatMap((one) => one ?? []);
}
