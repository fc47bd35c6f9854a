import { rounded } from "../format.ts";
import { hypothesisMarks } from "../starts/words.ts";
import type { RunRecord } from "../schema/manifest.ts";
import type { ObservedFit, ScaleCheck } from "../schema/observed.ts";

/** Returns what the check of the observed fit found, for a person at render. */
export function observedNotes(found: ObservedFit, file: string): string[] {
  return [`${observedMark(found)}${found.state === "healed" ? `: ${file}, ${startWords(found)}` : ""}`];
}

/** Returns the sentence about the observed fit that stands beside each result of a run. */
function observedMark({ state, poi, nll_given, poi_given, nll, poi_hat, why }: ObservedFit): string {
  if (state === "accepted") {
    return `the fit of the observed data was accepted (--accept-observed-fit) though it does not find its minimum: ${why}`;
  }
  const gap = nll_given === null ? "it does not converge" : `its NLL is ${(nll_given - nll).toPrecision(3)} too high`;
  return `the fit of the observed data misses its minimum as the workspace starts it (${gap}, ${poi} = ${
    shown(poi_given)
  } in place of ${shown(poi_hat)}); the run uses a copy of the workspace whose fit finds it`;
}

const shown = (value: number | null): string => value === null ? "none" : rounded(value, 4);

function startWords({ start }: ObservedFit): string {
  const inits = Object.entries(start?.inits ?? {}).map(([name, values]) =>
    `${name} from ${values.map((value) => rounded(value, 4)).join(", ")}`
  );
  const bounds = Object.entries(start?.bounds ?? {}).map(([name, ranges]) =>
    `${name} within ${ranges.map(([lo, hi]) => `${lo} and ${hi}`).join(", ")}`
  );
  return [...inits, ...bounds].join(", ");
}

/** Returns what a reader of a test's result must know of the fits that made it; empty where nothing speaks against them. */
export function testMarks(farm: Partial<RunRecord> = {}): string[] {
  const { observed_fit, scale_check, workload, hypotheses_check } = farm;
  return [
    ...(observed_fit ? [observedMark(observed_fit)] : []),
    ...scaleMarks(scale_check, workload?.signal_scale),
    ...hypothesisMarks(hypotheses_check),
  ];
}

/** Returns whether a run's checks show that its result depends on where fits start, so that it needs a mark. */
export const dependsOnStart = ({ observed_fit, scale_check, hypotheses_check }: Partial<RunRecord> = {}): boolean =>
  observed_fit?.state === "accepted" || scale_check?.depends === true || hypothesisMarks(hypotheses_check).length > 0;

/** Returns what a table of several scales says; empty where the result does not depend on them. */
export function scaleMarks(check: ScaleCheck | undefined, own_scale = 1): string[] {
  if (!check?.depends) return [];
  const each = check.rows.map(({ scale, cls, sb, b }) =>
    `CLs ${rounded(cls, 3)} (CLs+b ${sb.k} of ${sb.n}, CLb ${b.k} of ${b.n}) by ${scale}`
  );
  return [
    `the result depends on the start of the toys' fits: the same ${check.n_toys} toys of each hypothesis give, with the ` +
    `signal divided by a number, ${each.join(", ")}; the run has ${own_scale}, --signal-scale picks another`,
  ];
}
