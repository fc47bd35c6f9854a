import { rounded } from "../format.ts";
import type { RunRecord } from "../schema/manifest.ts";
import type { ObservedFit } from "../schema/observed.ts";

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
export function testMarks({ observed_fit }: Partial<Pick<RunRecord, "observed_fit">> = {}): string[] {
  return observed_fit ? [observedMark(observed_fit)] : [];
}
