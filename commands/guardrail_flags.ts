import type { FarmManifest } from "../core/contracts/manifest.ts";
import { FarmError } from "../core/errors.ts";
import type { FlagTable, FlagValues } from "../core/flags.ts";
import { realNumber } from "../core/parse_flag.ts";

/** What the merged set must be; render, run, sweep and merge share them. */
export const GUARDRAIL_FLAGS = {
  "require-all-converged": { type: "boolean", help: "guardrail on the merged set: every toy converged" },
  "max-abs-poi-pull-mean": {
    type: "number",
    placeholder: "x",
    help: "guardrail on the merged set: |mean pull| at most x",
  },
  "poi-pull-std-range": {
    type: "strings",
    placeholder: "lo hi...",
    help: "guardrail on the merged set: std of the pulls within lo and hi",
  },
} as const satisfies FlagTable;

/** @throws {FarmError} usage */
export function readGuardrails(flags: FlagValues<typeof GUARDRAIL_FLAGS>): FarmManifest["farm"]["guardrails"] {
  return {
    require_all_converged: flags.requireAllConverged,
    max_abs_poi_pull_mean: flags.maxAbsPoiPullMean ?? null,
    poi_pull_std_range: flags.poiPullStdRange.length > 0 ? stdRange(flags.poiPullStdRange) : null,
  };
}

function stdRange(words: readonly string[]): [number, number] {
  const [lo, hi, ...more] = words.flatMap((word) => word.split(",")).map(realNumber("--poi-pull-std-range", 0));
  if (lo === undefined || hi === undefined || more.length > 0 || lo > hi) {
    throw new FarmError("usage", `Cannot use --poi-pull-std-range "${words.join(" ")}": wanted two numbers, LO HI`);
  }
  return [lo, hi];
}
