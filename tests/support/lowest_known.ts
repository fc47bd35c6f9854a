import { withStart, type Workspace } from "../../core/observed/workspace.ts";
import { fitObservedData, type Fitter } from "../../runtime/observed/fits.ts";

/** Values of the POI from which the judge fits: none of those from which the product searches. */
const JUDGED = [0.02, 0.05, 0.2, 0.7, 1.5, 3, 6];

/** Returns the lowest NLL of fits of the observed data from many starts, also with wide bounds of the luminosity. */
export async function lowestKnown(fitter: Fitter, workspace: Workspace): Promise<number> {
  const parameters = workspace.measurements[0]?.config.parameters ?? [];
  const wide = Object.fromEntries(
    parameters.flatMap(({ name }) => name === "lumi" ? [[name, [[0.5, 1.5] satisfies [number, number]]]] : []),
  );
  let lowest = Infinity;
  for (const bounds of Object.keys(wide).length === 0 ? [{}] : [{}, wide]) {
    for (const mu of JUDGED) {
      const fit = await fitObservedData(fitter, withStart(workspace, { inits: { mu: [mu] }, bounds }));
      if (fit?.converged) lowest = Math.min(lowest, fit.nll);
    }
  }
  return lowest;
}
