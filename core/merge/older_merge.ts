import * as z from "zod/mini";
import { isEqualNumber } from "./equal.ts";
import { ParamPulls } from "./param_pulls.ts";

/** Members of merge.farm that older versions of this program did not write. */
const NEWER = ["nextstat_sha256s", "pulls", "pull_sums", "points", "fits"] as const;

const Frame = z.looseObject({
  summary: z.nullable(z.looseObject({ pulls_by_param: ParamPulls })),
  merge: z.looseObject({ farm: z.looseObject({}) }),
});

/**
 * Whether a merged document (without its arrays' entries) is what an older version wrote where this one writes `wanted`:
 * without the newer members, and with pulls by parameter that were added up in another order.
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
