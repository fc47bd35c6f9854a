/** Makes the input files of the demo and the tests. */
import { parquetWriteBuffer } from "hyparquet-writer";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pid } from "node:process";

const seed = 20260215;

/**
 * Writes gauss_exp_<size>.json and its observed data into `dir`, the same bytes each time.
 * @returns the path of the spec
 */
export async function makeInputs(dir: string, size: SpecSize): Promise<string> {
  const spec = join(dir, `gauss_exp_${size}.json`);
  await mkdir(dir, { recursive: true });
  await writeWhole(join(dir, dataFiles[size]), massParquet(size));
  await writeWhole(spec, `${JSON.stringify(gaussExpSpec(size), undefined, 2)}\n`);
  return spec;
}

/** Returns a Parquet file with one required DOUBLE column, uncompressed, which every reader understands. */
function massParquet(size: SpecSize): Uint8Array {
  const mass = { name: "mass", data: drawMasses(seed, yields[size]), type: "DOUBLE", nullable: false } as const;
  return new Uint8Array(parquetWriteBuffer({ codec: "UNCOMPRESSED", columnData: [mass] }));
}

async function writeWhole(path: string, content: string | Uint8Array): Promise<void> {
  await writeFile(`${path}.${pid}.tmp`, content);
  await rename(`${path}.${pid}.tmp`, path);
}

/** The workload of the published studies: a Gaussian peak on an exponential background. */

/** The observed data that a spec names, relative to the spec's folder: toy fits start from their fit. */
const dataFiles = { "10k": "observed.parquet", "2m": "observed_2m.parquet" };

/** The shape that observed data and spec share; masses in GeV. */
const shape = { low: 60, high: 120, peak: 91, width: 2.5, slope: -0.03 };

/** Number of events of each process of a spec; its observed data have as many. */
const yields = { "10k": { signal: 2500, background: 7500 }, "2m": { signal: 500_000, background: 1_500_000 } };

/** Numbers of events of the two processes. */
type Events = (typeof yields)[SpecSize];

/** The number of events of a toy: 10,000 or two million. */
export type SpecSize = keyof typeof yields;

/** Returns whether a text names one of the two sizes. */
export function isSpecSize(text: string): text is SpecSize {
  return Object.hasOwn(yields, text);
}

/** Returns the spec, as nextstat reads it from JSON. */
export function gaussExpSpec(size: SpecSize) {
  return { schema_version: "nextstat_unbinned_spec_v0", model: { poi: "mu", parameters }, channels: [channel(size)] };
}

const parameters = [
  { name: "mu", init: 1, bounds: [0, 5] },
  { name: "mu_sig", init: shape.peak, bounds: [85, 95] },
  { name: "sigma_sig", init: shape.width, bounds: [0.5, 10] },
  { name: "lambda_bkg", init: shape.slope, bounds: [-0.1, -0.001] },
];

function channel(size: SpecSize) {
  return {
    name: "main",
    data: { file: dataFiles[size] },
    observables: [{ name: "mass", bounds: [shape.low, shape.high] }],
    processes: [signal(yields[size].signal), background(yields[size].background)],
  };
}

function signal(events: number) {
  return {
    name: "signal",
    pdf: { type: "gaussian", observable: "mass", params: ["mu_sig", "sigma_sig"] },
    yield: { type: "scaled", base_yield: events, scale: "mu" },
  };
}

function background(events: number) {
  return {
    name: "background",
    pdf: { type: "exponential", observable: "mass", params: ["lambda_bkg"] },
    yield: { type: "fixed", value: events },
  };
}

/** Returns the masses of so many events, in GeV; the same seed gives the same numbers on every machine. */
function drawMasses(seed: number, { signal, background }: Events): Float64Array {
  const uniform = uniformNumbers(seed);
  const masses = new Float64Array(signal + background);
  for (let i = 0; i < masses.length; i++) masses[i] = toMicro(i < signal ? gaussian(uniform) : exponential(uniform));
  return masses;
}

// The last bit of a logarithm or cosine may differ between machines; six decimals do not.
function toMicro(mass: number): number {
  return Math.round(mass * 1e6) / 1e6;
}

function gaussian(uniform: () => number): number {
  const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
  return shape.peak + shape.width * radius * Math.cos(2 * Math.PI * uniform());
}

function exponential(uniform: () => number): number {
  const whole = Math.expm1(shape.slope * (shape.high - shape.low));
  return shape.low + Math.log1p(uniform() * whole) / shape.slope;
}

/** Returns mulberry32: its period of 2^32 is far above the at most 2,500,000 numbers that are drawn. */
function uniformNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
