import {
  bestFit,
  checkedPois,
  isLower,
  isSteep,
  lowerPoint,
  type ObservedResult,
  scanRange,
  searchedPois,
} from "../../core/observed/judge.ts";
import {
  initsOfFit,
  poiRange,
  wideLumi,
  withStart,
  type Workspace,
  workspacePoi,
} from "../../core/observed/workspace.ts";
import type { WorkspaceStart } from "../../core/schema/observed.ts";
import { onAllCores } from "../starts/fits.ts";
import { fitObservedData, type Fitter, scanObservedData } from "./fits.ts";

const AS_GIVEN: WorkspaceStart = { inits: {}, bounds: {} };

/** A start of the observed fit, and where the fit ends. */
interface Tried {
  start: WorkspaceStart;
  fit: ObservedResult;
}

/** What the checks of an observed fit found. */
interface Found {
  /** Fit of the workspace as given. */
  given: ObservedResult;
  /** The start of the lowest known fit, and that fit. */
  best: Tried;
  /** What is wrong with the best fit; null: nothing. */
  fault: string | null;
}

/** Rounds of the search: each begins at what the last one found. */
const ROUNDS = 4;

/**
 * Checks the fit of the observed data: by its gradient, by fits from other values of the POI and by a scan. Where it
 * missed the minimum, a start is searched that finds it, and checked in the same way.
 * @returns null where nextstat does not fit the workspace, or its POI is fixed
 */
export async function checkObserved(fitter: Fitter, workspace: Workspace): Promise<Found | null> {
  if (poiRange(workspace).is_fixed) return null;
  const given = await fitObservedData(fitter, workspace);
  if (!given) return null;
  let best: Tried = { start: AS_GIVEN, fit: given };
  let fault: string | null = null;
  for (let round = 0; round <= ROUNDS; round++) {
    const checked = await faultOf(fitter, workspace, best);
    fault = checked.fault;
    if (fault === null || round === ROUNDS) break;
    const found = await search(fitter, workspace, best, checked.near);
    if (found.start === best.start) break;
    best = found;
  }
  // A steep gradient alone is a false alarm where other fits find nothing lower.
  if (fault === null && given.converged && !isLower(best.fit, given)) {
    return { given, best: { start: AS_GIVEN, fit: given }, fault };
  }
  return { given, best, fault };
}

/** Returns why a fit is not at the lowest minimum, and values of the POI near a lower one; null: nothing shows it. */
async function faultOf(
  fitter: Fitter,
  workspace: Workspace,
  { start, fit }: Tried,
): Promise<{ fault: string | null; near: number[] }> {
  const range = scanRange(workspace, fit);
  const scanned = range ? await scanObservedData(fitter, withStart(workspace, start), range) : [];
  const point = lowerPoint(fit, scanned);
  const others = await tryAll(fitter, workspace, checkedPois(workspace).map((mu) => fromPoi(workspace, start, mu)));
  const lower = others.find((one) => isLower(one.fit, fit));
  const near = [...(point ? [point.mu] : []), ...(lower ? [lower.fit.poi_hat] : [])];
  const least = Math.min(point?.nll ?? Infinity, lower?.fit.nll ?? Infinity);
  if (least < Infinity) {
    return { fault: `a fit from another start has an NLL lower by ${(fit.nll - least).toPrecision(2)}`, near };
  }
  if (!isSteep(fit)) return { fault: null, near };
  const norm = fit.gradient === null ? "unknown" : fit.gradient.toPrecision(2);
  return { fault: fit.converged ? `the norm of its gradient is ${norm}` : "it did not converge", near };
}

/** Returns the best of many starts, of which some begin at the end of the best so far. */
async function search(fitter: Fitter, workspace: Workspace, best: Tried, near: readonly number[]): Promise<Tried> {
  const wide = { ...best.start.bounds, ...wideLumi(workspace) };
  const bounds = Object.keys(wide).length > Object.keys(best.start.bounds).length ? [best.start.bounds, wide] : [wide];
  const starts = bounds.flatMap((one) =>
    searchedPois(workspace, near).map((mu) => fromPoi(workspace, { inits: {}, bounds: one }, mu))
  );
  const first = await tryAll(fitter, workspace, starts);
  const ends = [best, ...first].toSorted((a, b) => a.fit.nll - b.fit.nll).slice(0, 3);
  const again = ends.flatMap(({ fit, start }) => restarts(workspace, fit, start, near));
  return bestFit([best, ...first, ...await tryAll(fitter, workspace, again)]) ?? best;
}

/** Returns starts at the end of a fit: itself, and with other values of the POI. */
function restarts(
  workspace: Workspace,
  fit: ObservedResult,
  start: WorkspaceStart,
  near: readonly number[],
): WorkspaceStart[] {
  const inits = initsOfFit(fit.names, fit.values);
  return [fit.poi_hat, ...near, ...checkedPois(workspace)].map((mu) => fromPoi(workspace, { ...start, inits }, mu));
}

const fromPoi = (workspace: Workspace, { inits, bounds }: WorkspaceStart, mu: number): WorkspaceStart => ({
  inits: { ...inits, [workspacePoi(workspace)]: [mu] },
  bounds,
});

async function tryAll(fitter: Fitter, workspace: Workspace, starts: readonly WorkspaceStart[]): Promise<Tried[]> {
  const tried = await onAllCores(starts, async (start): Promise<Tried[]> => {
    const fit = await fitObservedData(fitter, withStart(workspace, start));
    return fit ? [{ start, fit }] : [];
  });
  return tried.flat();
}
