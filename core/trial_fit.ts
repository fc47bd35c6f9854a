import { rounded } from "./format.ts";
import type { Bounds } from "./schema/fit_quality.ts";
import type { AtBound, RunRecord, TrialFit } from "./schema/manifest.ts";

/** Returns the parameters of a fit that lie on their bounds. */
export function atBounds(fitted: ReadonlyMap<string, number>, bounds: ReadonlyMap<string, Bounds>): AtBound[] {
  return [...fitted].flatMap(([name, value]): AtBound[] => {
    const [lower, upper] = bounds.get(name) ?? [-Infinity, Infinity];
    if (value <= lower) return [{ name, bound: "lower", value }];
    return value >= upper ? [{ name, bound: "upper", value }] : [];
  });
}

/** Members of a manifest that say where toy fits start. */
type Tried = Pick<RunRecord, "trial" | "starts"> | undefined;

/**
 * Returns warnings to read before a run is submitted; an empty list if nothing speaks against the fits. With starts of
 * their own, toys do not begin at the fit of the observed data.
 */
export function trialWarnings(farm: Tried): string[] {
  if (!farm?.trial || farm.starts) return [];
  const { at_bounds, warnings, toy } = farm.trial;
  const poi_bound = at_bounds?.find(({ name }) => name === toy.poi);
  // A toy that was generated on the bound itself ends there with probability one half.
  const toy_stuck = poi_bound !== undefined && toy.poi_hat === poi_bound.value && toy.poi_true !== poi_bound.value;
  const isFarOff = farm.trial.channels.some(isFar);
  return [
    ...startReasons(farm),
    ...(toy_stuck ? [`the trial toy, generated at ${toy.poi} = ${rounded(toy.poi_true, 5)}, ends there too`] : []),
    ...warnings.map((text) => `nextstat warned in the fit of the observed data: ${text}`),
    ...(toy_stuck || isFarOff ? [`${CONSEQUENCE}. ${WAY_OUT}`] : []),
  ];
}

const CONSEQUENCE =
  "toy fits start from that of the observed data, and can stay on its bounds: such toys tell nothing, and take a fraction of the time of real fits";

/** What frees fits that stay where the fit of the observed data ended. */
export const WAY_OUT =
  "Fit each toy from starts as long as the yields (--starts 2), name observed data in the spec that fit its yields, or mend the yields";

/** Norm of the gradient above which a fit has not come to its minimum: nextstat's converged fits are below 0.01. */
const LARGE_GRADIENT = 0.1;

/** Returns what the fit of the observed data, where toy fits start, shows against it; empty: nothing. */
export function startReasons(farm: Tried): string[] {
  if (!farm?.trial || farm.starts) return [];
  const { at_bounds, channels, final_grad_norm: gradient } = farm.trial;
  return [
    ...(at_bounds && at_bounds.length > 0
      ? [`the fit of the observed data ends on ${at_bounds.map(boundWords).join(" and ")}`]
      : []),
    ...(gradient !== undefined && gradient > LARGE_GRADIENT
      ? [`the fit of the observed data has not come to a minimum: its final_grad_norm is ${rounded(gradient, 3)}`]
      : []),
    ...channels.filter(isFar).map(channelWords),
  ];
}

const boundWords = ({ name, bound, value }: AtBound) => `the ${bound} bound of ${name} (${rounded(value, 5)})`;

type Channel = TrialFit["channels"][number];

/** Distance in sigma of the observed events from the nearest possible yield beyond which chance is excluded. */
const FAR_SIGMA = 5;

const isFar = ({ n_events, least, most }: Channel): boolean =>
  n_events < least - FAR_SIGMA * Math.sqrt(least) || n_events > most + FAR_SIGMA * Math.sqrt(Math.max(1, most));

function channelWords({ name, n_events, least, most }: Channel): string {
  const range = least === most ? `${Math.round(least)}` : `${Math.round(least)} to ${Math.round(most)}`;
  return `the channel "${name}" has ${n_events} observed events, and yields of ${range} within their bounds`;
}
