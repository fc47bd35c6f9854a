/** Draws observed data with a seeded generator. */
import { type Events, shape } from "./gauss_exp_spec.ts";

/** Returns the masses of so many events, in GeV; the same seed gives the same numbers on every machine. */
export function drawMasses(seed: number, { signal, background }: Events): Float64Array {
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
