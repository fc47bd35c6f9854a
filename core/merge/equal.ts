import * as z from "../schema/zod.ts";
import type { ShardOutput } from "../output.ts";
import { ParamPulls } from "./param_pulls.ts";

/** Origin of two numbers: the same machine with the same threads, or not. */
export type Machines = "same" | "other";

/** Relative plus absolute tolerance of numbers (docs/promises.md, "Commit, and equal"). */
const TOLERANCE: Readonly<Record<Machines, number>> = { same: 1e-12, other: 1e-6 };

/**
 * Returns whether two numbers are equal within the tolerance.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { isEqualNumber } from "nsfarm-deno";
 * assert.ok(isEqualNumber(1, 1 + 1e-9, "other"));
 * assert.ok(!isEqualNumber(1, 1 + 1e-9, "same"));
 * ```
 */
export function isEqualNumber(x: number, y: number, machines: Machines): boolean {
  return Object.is(x, y) || Math.abs(x - y) <= TOLERANCE[machines] * (1 + Math.max(Math.abs(x), Math.abs(y)));
}

/**
 * Returns what makes two outputs of one shard differ, or null when their numbers are equal within the tolerance.
 *
 * @example
 * ```ts
 * import { equalFault, type ShardOutput } from "nsfarm-deno";
 * const isSame = (a: ShardOutput, b: ShardOutput) => equalFault(a, b, "other") === null;
 * ```
 */
export function equalFault(a: ShardOutput, b: ShardOutput, machines: Machines): string | null {
  return whichToysFault(a, b) ?? numbersFault(a, b, machines);
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

function numbersFault(a: ShardOutput, b: ShardOutput, machines: Machines): string | null {
  const close = (x: number, y: number) => isEqualNumber(x, y, machines);
  if (!close(a.frame.results.poi_true, b.frame.results.poi_true)) return "poi_true differs";
  if (!a.frame.gen.params.every((x, i) => close(x, b.frame.gen.params[i] ?? NaN))) return "gen.params differ";
  for (const name of ["poi_hat", "nll"] as const) {
    const i = a[name].findIndex((x, k) => !close(x, b[name][k] ?? Infinity));
    if (i >= 0) return `${name}[${i}] is ${a[name][i]} in one and ${b[name][i]} in the other`;
  }
  return null;
}

/** Members of merge.farm that older versions of this program did not write. */
const NEWER = ["nextstat_sha256s", "pulls", "pull_sums", "points", "fits"] as const;

const Frame = z.looseObject({
  summary: z.nullable(z.looseObject({ pulls_by_param: ParamPulls })),
  merge: z.looseObject({ farm: z.looseObject({}) }),
});

/**
 * Returns whether a merged document (without its arrays' entries) is the older version's form of `wanted`: without the
 * newer members, and with pulls by parameter summed in another order.
 */
export function isOlderFrame(text: string, wanted: string): boolean {
  const [found, now] = [text, wanted].map((one) => Frame.safeParse(JSON.parse(one)).data);
  if (!found || !now || NEWER.some((name) => Object.hasOwn(found.merge.farm, name))) return false;
  for (const name of NEWER) delete now.merge.farm[name];
  if (found.summary && now.summary) {
    if (!isSamePulls(found.summary.pulls_by_param, now.summary.pulls_by_param)) return false;
    now.summary.pulls_by_param = found.summary.pulls_by_param;
  }
  return JSON.stringify(found) === JSON.stringify(now);
}

function isSamePulls(found: ParamPulls, wanted: ParamPulls): boolean {
  return (["n_ok", "mean", "std", "frac_abs_lt_1", "frac_abs_lt_2"] as const).every((name) =>
    found[name].length === wanted[name].length && found[name].every((value, i) => {
      const other = wanted[name][i] ?? null;
      return value === other || (value !== null && other !== null && isEqualNumber(value, other, "same"));
    })
  );
}
