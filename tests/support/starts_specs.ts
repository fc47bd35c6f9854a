/** Specs with a signal that floats, and their observed data: the same for the same seed. */
import { randomLcg } from "d3-random";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeColumns } from "../runtime/starts/write_columns.ts";

type Random = () => number;

interface Parameter {
  name: string;
  init: number;
  bounds: [number, number];
}

/** What a spec is made of, for a person. */
export interface MadeSpec {
  config: string;
  /** Signal, background and channels in words. */
  what: string;
}

const between = (random: Random, lo: number, hi: number): number => lo + (hi - lo) * random();
const pick = <T>(random: Random, all: readonly [T, ...T[]]): T => all[Math.floor(random() * all.length)] ?? all[0];
const rounded = (value: number): number => Number(value.toPrecision(4));

const WIDTHS = { narrow: [0.008, 0.04], wide: [0.03, 0.15], "of any width": [0.008, 0.15] } as const;
const BACKGROUNDS = ["exponential", "chebyshev 1", "chebyshev 2"] as const;

/**
 * Writes a spec and its data: a peak narrow or wide, one or two of them, a background exponential or a polynomial with a
 * fixed or a free yield, one channel or two, observed data with or without signal.
 */
export function writeStartsSpec(folder: string, seed: number): MadeSpec {
  const random = randomLcg((seed * 0.6180339887498949 + 0.137) % 1);
  for (let i = 0; i < 5; i++) random();
  const lo = rounded(between(random, 50, 200));
  const range = rounded(between(random, 40, 120));
  const [low, high] = [lo, rounded(lo + range)];
  const width = pick(random, ["narrow", "wide", "of any width"] as const);
  const n_peaks = random() < 0.3 ? 2 : 1;
  const n_channels = random() < 0.3 ? 2 : 1;
  const [signal, background] = [rounded(between(random, 15, 60)), rounded(between(random, 200, 900))];
  const parameters: Parameter[] = [{ name: "mu", init: 1, bounds: [0, 5] }];
  const peaks = Array.from({ length: n_peaks }, (_, i) => {
    const [left, right] = [low + range * (i / n_peaks + 0.08), low + range * ((i + 1) / n_peaks - 0.08)];
    const [least, most] = WIDTHS[width];
    const place = between(random, left + 0.1 * range, right - 0.1 * range);
    parameters.push({ name: `mean${i}`, init: rounded(place), bounds: [rounded(left), rounded(right)] });
    const bounds: [number, number] = [rounded(least * range), rounded(most * range)];
    parameters.push({ name: `sigma${i}`, init: rounded(Math.sqrt(bounds[0] * bounds[1])), bounds });
    return { type: "gaussian", observable: "x", params: [`mean${i}`, `sigma${i}`], share: 1 / n_peaks };
  });
  const kinds: string[] = [];
  const observedMu = random() < 0.5 ? 0 : 1;
  const channels = Array.from({ length: n_channels }, (_, i) => {
    const kind = pick(random, BACKGROUNDS);
    const isFree = random() < 0.5;
    kinds.push(`${kind}${isFree ? ", free yield" : ""}`);
    const names = addBackground(parameters, kind, i, range, random);
    const base = rounded(background / (1 + i));
    if (isFree) parameters.push({ name: `nu${i}`, init: 1, bounds: [0.3, 3] });
    const processes = [
      ...peaks.map(({ share, ...pdf }, peak) => ({
        name: `signal${peak}`,
        pdf,
        yield: { type: "scaled", base_yield: rounded(signal * share / (1 + i)), scale: "mu" },
      })),
      {
        name: "background",
        pdf: { type: kind === "exponential" ? kind : "chebyshev", observable: "x", params: names },
        yield: isFree ? { type: "scaled", base_yield: base, scale: `nu${i}` } : { type: "fixed", value: base },
      },
    ];
    return {
      name: `channel${i}`,
      data: { file: `spec${seed}_${i}.parquet` },
      observables: [{ name: "x", bounds: [low, high] as [number, number] }],
      processes,
    };
  });
  const at = new Map(parameters.map(({ name, init }) => [name, init]));
  at.set("mu", observedMu);
  for (const { data: { file }, processes } of channels) {
    writeColumns(join(folder, file), { x: drawEvents(processes, at, [low, high], random) });
  }
  const config = join(folder, `spec${seed}.json`);
  const spec = { schema_version: "nextstat_unbinned_spec_v0", model: { poi: "mu", parameters }, channels };
  writeFileSync(config, JSON.stringify(spec, null, 1));
  const what = `${n_peaks === 2 ? "two peaks" : "a peak"} ${width}, ${signal} on ${background} events, ` +
    `${kinds.join(" and ")}${n_channels === 2 ? " in two channels" : ""}, data with mu = ${observedMu}`;
  return { config, what };
}

/** Adds the parameters of a channel's background. @returns their names */
function addBackground(parameters: Parameter[], kind: string, i: number, range: number, random: Random): string[] {
  if (kind === "exponential") {
    const init = rounded(-between(random, 0.5, 2.5) / range);
    parameters.push({ name: `slope${i}`, init, bounds: [rounded(-6 / range), rounded(-0.05 / range)] });
    return [`slope${i}`];
  }
  // The sum of all coefficients is below 1 in size, so that the polynomial is positive everywhere.
  parameters.push({ name: `c1_${i}`, init: rounded(between(random, -0.6, 0.2)), bounds: [-0.75, 0.75] });
  if (kind === "chebyshev 1") return [`c1_${i}`];
  parameters.push({ name: `c2_${i}`, init: rounded(between(random, -0.1, 0.1)), bounds: [-0.24, 0.24] });
  return [`c1_${i}`, `c2_${i}`];
}

interface Process {
  pdf: { type: string; params: string[] };
  yield: { type: string; base_yield?: number; value?: number; scale?: string };
}

/** Draws as many events as each process is expected to have, with Poisson fluctuation. */
function drawEvents(
  processes: readonly Process[],
  at: ReadonlyMap<string, number>,
  [low, high]: readonly [number, number],
  random: Random,
): number[] {
  const events: number[] = [];
  for (const { pdf, yield: { base_yield = 0, value, scale = "" } } of processes) {
    const density = densityOf(pdf.type, pdf.params.map((name) => at.get(name) ?? 0), low, high);
    const n = poisson(value ?? base_yield * (at.get(scale) ?? 0), random);
    for (let i = 0; i < n; i++) events.push(byRejection(density, low, high, random));
  }
  return events;
}

/** Returns a density whose largest value is at most 1. */
function densityOf(type: string, params: readonly number[], low: number, high: number): (x: number) => number {
  const [a = 0, b = 0] = params;
  if (type === "gaussian") return (x) => Math.exp(-0.5 * ((x - a) / b) ** 2);
  if (type === "exponential") return (x) => Math.exp(a * (x - low));
  return (x) => {
    const t = (2 * x - low - high) / (high - low);
    return (1 + a * t + b * (2 * t * t - 1)) / 2;
  };
}

function byRejection(density: (x: number) => number, low: number, high: number, random: Random): number {
  for (;;) {
    const x = between(random, low, high);
    if (random() < density(x)) return x;
  }
}

/** Draws a number of events. @param mean below some thousand: it counts arrivals one by one */
function poisson(mean: number, random: Random): number {
  let n = -1;
  let time = 0;
  while (time < mean) {
    time -= Math.log(1 - random());
    n++;
  }
  return Math.max(0, n);
}
