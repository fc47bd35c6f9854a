import type { Bounds } from "./contracts/fit_quality.ts";
import type { AtBound, TrialFit } from "./contracts/trial_fit.ts";
import { rounded } from "./format.ts";

/** The parameters of a fit that lie on their bounds. */
export function atBounds(fitted: ReadonlyMap<string, number>, bounds: ReadonlyMap<string, Bounds>): AtBound[] {
  return [...fitted].flatMap(([name, value]): AtBound[] => {
    const [lower, upper] = bounds.get(name) ?? [-Infinity, Infinity];
    if (value <= lower) return [{ name, bound: "lower", value }];
    return value >= upper ? [{ name, bound: "upper", value }] : [];
  });
}

/** What a person should know before anything is spent; nothing where nothing speaks against the fits. */
export function trialWarnings(trial: TrialFit | undefined): string[] {
  if (!trial) return [];
  const { at_bounds, warnings, channels, toy } = trial;
  const poi_bound = at_bounds?.find(({ name }) => name === toy.poi);
  // A toy that was generated on the bound itself ends there by half the chance.
  const toy_stuck = poi_bound !== undefined && toy.poi_hat === poi_bound.value && toy.poi_true !== poi_bound.value;
  const odd = channels.filter(isOdd);
  return [
    ...(at_bounds && at_bounds.length > 0
      ? [`the fit of the observed data ends on ${at_bounds.map(boundWords).join(" and ")}`]
      : []),
    ...(toy_stuck ? [`the trial toy, generated at ${toy.poi} = ${rounded(toy.poi_true, 5)}, ends there too`] : []),
    ...odd.map(channelWords),
    ...warnings.map((text) => `nextstat warned in the fit of the observed data: ${text}`),
    ...(toy_stuck || odd.length > 0 ? [MEANING] : []),
  ];
}

const MEANING =
  "toy fits start from that of the observed data, and can stay on its bounds: such toys tell nothing, and take a fraction of the time of real fits. Name observed data in the spec that fit its yields, or mend the yields";

const boundWords = ({ name, bound, value }: AtBound) => `the ${bound} bound of ${name} (${rounded(value, 5)})`;

type Channel = TrialFit["channels"][number];

/** More than this many of its own errors from the nearest that the yields can make is no chance. */
const FAR_SIGMA = 5;

const isOdd = ({ n_events, least, most }: Channel): boolean =>
  n_events < least - FAR_SIGMA * Math.sqrt(least) || n_events > most + FAR_SIGMA * Math.sqrt(Math.max(1, most));

function channelWords({ name, n_events, least, most }: Channel): string {
  const range = least === most ? `${Math.round(least)}` : `${Math.round(least)} to ${Math.round(most)}`;
  return `the channel "${name}" has ${n_events} observed events, and yields of ${range} within their bounds`;
}
