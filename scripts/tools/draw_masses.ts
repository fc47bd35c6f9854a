/** Observed data out of a seeded generator. */

import { shape } from "./gauss_exp_spec.ts";

const signalEvents = 2500;
const backgroundEvents = 7500;

/** The masses of 10,000 events, in GeV; the same seed gives the same numbers on every machine. */
export function drawMasses(seed: number): Float64Array {
  const uniform = uniformNumbers(seed);
  const signal = Array.from({ length: signalEvents }, () => gaussian(uniform));
  const background = Array.from({ length: backgroundEvents }, () => exponential(uniform));
  return Float64Array.from([...signal, ...background], toMicro);
}

// A logarithm or cosine may differ in its last bit from machine to machine; six decimals do not.
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

/** mulberry32: 32 bits of state are plenty for 12,500 numbers. */
function uniformNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
