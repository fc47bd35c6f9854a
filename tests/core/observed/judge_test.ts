import assert from "node:assert/strict";
import {
  bestFit,
  checkedPois,
  isSteep,
  lowerPoint,
  type ObservedResult,
  scanRange,
  searchedPois,
} from "../../../core/observed/judge.ts";
import { withStart } from "../../../core/observed/workspace.ts";
import { smallWorkspace } from "./small_workspace.ts";

const FIT: ObservedResult = {
  ...{ nll: 3, poi_hat: 0.5, converged: true, gradient: 1e-4 },
  ...{ names: ["mu", "b"], values: [0.5, 0.1] },
};
const bounded = (lo: number, hi: number) => withStart(smallWorkspace(), { inits: {}, bounds: { mu: [[lo, hi]] } });

Deno.test("a fit is steep with a gradient above 0.1, without one, or where it did not converge", () => {
  assert.equal(isSteep(FIT), false);
  assert.equal(isSteep({ ...FIT, gradient: 0.11 }), true);
  assert.equal(isSteep({ ...FIT, gradient: null }), true);
  assert.equal(isSteep({ ...FIT, converged: false }), true);
  // A single parameter is fitted without a gradient.
  assert.equal(isSteep({ ...FIT, gradient: null, names: ["mu"], values: [0.5] }), false);
});

Deno.test("starts and scans stay within the bounds of the POI", () => {
  assert.deepEqual(checkedPois(smallWorkspace()), [0, 0.3]);
  assert.deepEqual(checkedPois(bounded(0, 0.1)), [0, 0.1]);
  const all = searchedPois(bounded(-1, 2), [7]);
  assert(all.every((mu) => mu >= -1 && mu <= 2) && all.length === new Set(all).size);
  assert.deepEqual(scanRange(smallWorkspace(), FIT), [0.5, 0.8]);
  assert.deepEqual(scanRange(bounded(0, 0.5), FIT), [0.485, 0.5]);
  assert.equal(scanRange(bounded(0.5, 0.5), FIT), null);
});

Deno.test("a point of a scan counts where it is lower by more than rounding", () => {
  assert.equal(lowerPoint(FIT, [{ mu: 0.8, nll: 2.99995 }]), null);
  assert.equal(lowerPoint(FIT, [{ mu: 0.5, nll: 2.9998 }, { mu: 0.8, nll: 2.9 }])?.mu, 0.8);
  assert.equal(lowerPoint(FIT, []), null);
});

Deno.test("of fits at one minimum the first with a small gradient is taken, and none that did not converge", () => {
  const steep = { fit: { ...FIT, nll: 2, gradient: 1 } };
  const sound = { fit: { ...FIT, nll: 2 + 1e-6 } };
  const failed = { fit: { ...FIT, nll: 1, converged: false } };
  assert.equal(bestFit([failed, steep, sound]), sound);
  assert.equal(bestFit([failed, steep]), steep);
  assert.equal(bestFit([failed]), undefined);
});
