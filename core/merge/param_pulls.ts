import * as z from "zod/mini";

const Entries = z.array(z.nullable(z.number()));

/** nextstat's summary.pulls_by_param: one entry a parameter, null where pulls were not asked for or none could be had. */
export const ParamPulls = z.looseObject({
  n_ok: Entries,
  mean: Entries,
  std: Entries,
  frac_abs_lt_1: Entries,
  frac_abs_lt_2: Entries,
});
export type ParamPulls = z.infer<typeof ParamPulls>;

/** One parameter's pulls. */
interface Pulls {
  n_ok: number;
  mean: number;
  std: number;
  within_1: number;
  within_2: number;
}

/**
 * Pools the shards' pulls_by_param by their n, mean and std: the toys' own pulls are not in the outputs, so this agrees
 * with an unsharded run but for rounding.
 */
export function poolParamPulls(parts: readonly ParamPulls[], n_parameters: number): ParamPulls {
  const pooled = Array.from({ length: n_parameters }, (_, i) => pool(parts.flatMap((part) => entryOf(part, i) ?? [])));
  return {
    n_ok: pooled.map((one) => one?.n_ok ?? null),
    mean: pooled.map((one) => one?.mean ?? null),
    std: pooled.map((one) => one?.std ?? null),
    frac_abs_lt_1: pooled.map((one) => one ? one.within_1 / one.n_ok : null),
    frac_abs_lt_2: pooled.map((one) => one ? one.within_2 / one.n_ok : null),
  };
}

function entryOf(part: ParamPulls, i: number): Pulls | undefined {
  const [n_ok, mean, std] = [part.n_ok[i], part.mean[i], part.std[i]];
  if (!n_ok || typeof mean !== "number" || typeof std !== "number") return undefined;
  // A fraction of n toys was k/n with a whole k.
  const within = (fractions: (number | null)[]) => Math.round((fractions[i] ?? 0) * n_ok);
  return { n_ok, mean, std, within_1: within(part.frac_abs_lt_1), within_2: within(part.frac_abs_lt_2) };
}

function pool(parts: Pulls[]): Pulls | undefined {
  const sum = (of: (part: Pulls) => number) => parts.reduce((total, part) => total + of(part), 0);
  const n_ok = sum((part) => part.n_ok);
  if (n_ok === 0) return undefined;
  const mean = sum((part) => part.n_ok * part.mean) / n_ok;
  const variance = sum((part) => part.n_ok * (part.std ** 2 + (part.mean - mean) ** 2)) / n_ok;
  const [within_1, within_2] = [sum((part) => part.within_1), sum((part) => part.within_2)];
  return { n_ok, mean, std: Math.sqrt(variance), within_1, within_2 };
}
