/** The workload of the published studies: a Gaussian peak on an exponential background. */

/** The observed data that a spec names, relative to the spec's folder: toy fits start from their fit. */
export const dataFiles = { "10k": "observed.parquet", "2m": "observed_2m.parquet" };

/** The shape that observed data and spec share; masses in GeV. */
export const shape = { low: 60, high: 120, peak: 91, width: 2.5, slope: -0.03 };

/** Number of events of each process of a spec; its observed data have as many. */
export const yields = { "10k": { signal: 2500, background: 7500 }, "2m": { signal: 500_000, background: 1_500_000 } };

/** Numbers of events of the two processes. */
export type Events = (typeof yields)[SpecSize];

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
