import jstat from "jstat";
import type { Distributions } from "../../core/statistics.ts";

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
  normalCdf: (x) => normal.cdf(x, 0, 1),
  normalQuantile: (p) => normal.inv(p, 0, 1),
};
