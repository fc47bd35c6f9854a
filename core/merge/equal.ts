import type { ShardOutput } from "../read_output.ts";

/** Where two numbers come from: the same threads on the same machine, or not. */
export type Where = "same" | "other";

/** Relative plus absolute tolerance of numbers (contract, "Equal"). */
const TOLERANCE: Readonly<Record<Where, number>> = { same: 1e-12, other: 1e-6 };

/**
 * Returns whether two numbers are Equal in the contract's sense.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { isEqualNumber } from "nsfarm-deno";
 * assert.ok(isEqualNumber(1, 1 + 1e-9, "other"));
 * assert.ok(!isEqualNumber(1, 1 + 1e-9, "same"));
 * ```
 */
export function isEqualNumber(x: number, y: number, where: Where): boolean {
  return Object.is(x, y) || Math.abs(x - y) <= TOLERANCE[where] * (1 + Math.max(Math.abs(x), Math.abs(y)));
}

/**
 * Returns what makes two outputs of one shard differ, or null when they are Equal in the contract's sense.
 *
 * @example
 * ```ts
 * import { equalFault, type ShardOutput } from "nsfarm-deno";
 * const isSame = (a: ShardOutput, b: ShardOutput) => equalFault(a, b, "other") === null;
 * ```
 */
export function equalFault(a: ShardOutput, b: ShardOutput, where: Where): string | null {
  return whichToysFault(a, b) ?? numbersFault(a, b, where);
}

function whichToysFault(a: ShardOutput, b: ShardOutput): string | null {
  const facts = ({ frame }: ShardOutput) => ({
    "count of toys": frame.results.n_toys,
    "seed": frame.gen.seed,
    "run's n_toys": frame.gen.n_toys,
    "shard": frame.shard && [frame.shard.shard_index, frame.shard.shard_total, frame.shard.shard_start],
    "generation point": frame.gen.point,
    "generation overrides": Object.entries(frame.gen.overrides).sort(),
    "parameter list": frame.parameter_names,
    "POI": frame.poi_index,
  });
  const [left, right] = [facts(a), facts(b)];
  const wrong = (Object.keys(left) as (keyof typeof left)[])
    .find((name) => JSON.stringify(left[name]) !== JSON.stringify(right[name]));
  return wrong ? `the ${wrong} differs` : null;
}

function numbersFault(a: ShardOutput, b: ShardOutput, where: Where): string | null {
  const close = (x: number, y: number) => isEqualNumber(x, y, where);
  if (!close(a.frame.results.poi_true, b.frame.results.poi_true)) return "poi_true differs";
  if (!a.frame.gen.params.every((x, i) => close(x, b.frame.gen.params[i] ?? NaN))) return "gen.params differ";
  for (const name of ["poi_hat", "nll"] as const) {
    const i = a[name].findIndex((x, k) => !close(x, b[name][k] ?? Infinity));
    if (i >= 0) return `${name}[${i}] is ${a[name][i]} in one and ${b[name][i]} in the other`;
  }
  return null;
}
