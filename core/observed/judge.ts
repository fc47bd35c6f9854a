import { poiRange, type Workspace } from "./workspace.ts";

/** A fit of the observed data. */
export interface ObservedResult {
  nll: number;
  poi_hat: number;
  converged: boolean;
  /** Norm of the gradient at its end; null: nextstat has none. */
  gradient: number | null;
  names: readonly string[];
  values: readonly number[];
}

/** NLL at values of the POI, the other parameters fitted. */
export interface ScannedPoint {
  mu: number;
  nll: number;
}

/** Norm of the gradient above which a fit has most likely not converged: 63 of 64 that were wrong, 7 of 871 right ones. */
const STEEP = 0.1;

/** How much lower another fit, and a point of a scan, is where the observed fit has missed the minimum. */
const LOWER_NLL = 1e-3;
const LOWER_SCAN = 1e-4;

/**
 * Returns whether the fit itself shows that it may not be at a minimum. nextstat fits a single parameter by sections,
 * which have no gradient.
 */
export const isSteep = ({ converged, gradient, names }: ObservedResult): boolean =>
  !converged || (gradient === null ? names.length > 1 : gradient > STEEP);

/** Values of the POI from which the observed data are fitted again to check a fit. */
const CHECK_STARTS = [0, 0.3];
/** Further ones, to find a lower minimum. */
const SEARCH_STARTS = [0.01, 0.03, 0.1, 0.5, 1, 2];

/** Returns the values of the POI from which a fit is checked, within its bounds. */
export const checkedPois = (workspace: Workspace): number[] => inBounds(workspace, CHECK_STARTS);

/** Returns the values of the POI from which a lower minimum is searched; shares of its bounds too, if they are wide. */
export function searchedPois(workspace: Workspace, more: readonly number[]): number[] {
  const { bounds: [lo, hi] } = poiRange(workspace);
  const shares = Number.isFinite(hi - lo)
    ? CHECK_STARTS.concat(SEARCH_STARTS).map((one) => lo + one * (hi - lo) / 10)
    : [];
  return inBounds(workspace, [...more, ...CHECK_STARTS, ...SEARCH_STARTS, ...shares]);
}

function inBounds(workspace: Workspace, values: readonly number[]): number[] {
  const { bounds: [lo, hi] } = poiRange(workspace);
  return [...new Set(values.map((value) => Math.min(hi, Math.max(lo, value))))];
}

/** Returns the two values of the POI that are scanned to check a fit: its own, and one near it. */
export function scanRange(workspace: Workspace, { poi_hat }: ObservedResult): [number, number] | null {
  const { bounds: [lo, hi] } = poiRange(workspace);
  const step = Math.min(0.3, 0.03 * (hi - lo));
  if (!(step > 0)) return null;
  const from = Math.min(hi, Math.max(lo, poi_hat));
  return from + step <= hi ? [from, from + step] : [from - step, from];
}

/** Returns the point of a scan that is lower than a fit by more than rounding. */
export function lowerPoint(fit: ObservedResult, points: readonly ScannedPoint[]): ScannedPoint | null {
  const [least] = points.toSorted((a, b) => a.nll - b.nll);
  return least && least.nll < fit.nll - LOWER_SCAN ? least : null;
}

/** Returns whether a fit is lower than another by more than fits of one minimum differ. */
export const isLower = (fit: ObservedResult, than: ObservedResult): boolean =>
  fit.converged && fit.nll < than.nll - LOWER_NLL;

/** NLL within which fits count as of one minimum when the simplest start is chosen. */
const SAME_NLL = 1e-5;

/**
 * Returns the best of several fits: of those at the lowest NLL the first that converged with a small gradient, else the
 * lowest that converged.
 */
export function bestFit<T extends { fit: ObservedResult }>(tried: readonly T[]): T | undefined {
  const converged = tried.filter(({ fit }) => fit.converged).toSorted((a, b) => a.fit.nll - b.fit.nll);
  const least = converged[0]?.fit.nll ?? NaN;
  return tried.find(({ fit }) => fit.nll <= least + SAME_NLL && !isSteep(fit)) ?? converged[0];
}
