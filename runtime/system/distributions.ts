import jstat from "jstat";
import { clopperPearson, type Distributions } from "../../core/statistics.ts";

/** The two distributions that are used of jstat, which has no types of its own. */
interface Library {
  beta: { inv(p: number, a: number, b: number): number };
  normal: {
    cdf(x: number, mean: number, std: number): number;
    inv(p: number, mean: number, std: number): number;
  };
}

const { beta, normal }: Library = jstat;

/** Probability distributions by jstat; a command that needs them seldom loads this file when it does. */
export const DISTRIBUTIONS: Distributions = {
  betaQuantile: (p, a, b) => beta.inv(p, a, b),
  normalCdf: (x) => x < TAIL ? lowerTail(x) : normal.cdf(x, 0, 1),
  normalQuantile: (p) => normal.inv(p, 0, 1),
};

/** Returns the upper limit, with 95 % probability, of a probability of which k of n trials came true. */
export const upperLimit = (k: number, n: number): number => n === 0 ? 1 : clopperPearson(k, n, DISTRIBUTIONS, 0.9)[1];

/** Below it jstat's 1 + erf(x) loses its digits, and is 0 from -8.3 on. */
const TAIL = -4;

/** Returns the probability of a standard normal value of at most x < TAIL, by Laplace's continued fraction. */
function lowerTail(x: number): number {
  let fraction = -x;
  for (let k = 80; k > 0; k--) fraction = -x + k / fraction;
  return Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI) / fraction;
}
