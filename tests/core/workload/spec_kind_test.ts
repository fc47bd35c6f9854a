import assert from "node:assert/strict";
import { unbinnedFault, workspaceFault } from "../../../core/workload/spec_kind.ts";

const workspace = (pois: string[]) => ({
  channels: [{
    name: "c",
    samples: [
      { name: "signal", data: [1], modifiers: [{ name: "mu", type: "normfactor", data: null }] },
      { name: "background", data: [1], modifiers: [{ name: "uncorr", type: "shapesys", data: [1] }] },
    ],
  }],
  measurements: pois.map((poi) => ({ name: "m", config: { poi, parameters: [] } })),
});

Deno.test("a workspace whose POI has no modifier with one parameter is refused, by its first measurement", () => {
  assert.equal(workspaceFault(workspace(["mu", "nothing"])), null);
  assert.equal(workspaceFault(workspace([])), null);
  for (const poi of ["nothing", "", "uncorr"]) {
    assert.equal(workspaceFault(workspace([poi, "mu"]))?.what, `its POI "${poi}" is no modifier with one parameter`);
  }
});

Deno.test("a spec of another kind is refused with the workload that takes it, and an unknown one is left to nextstat", () => {
  const unbinned = { model: { poi: "mu", parameters: [] }, channels: [{ name: "c", data: {}, processes: [] }] };
  assert.match(workspaceFault(unbinned)?.next ?? "", /unbinned-hypotest-toys/);
  assert.match(unbinnedFault(workspace(["mu"]))?.next ?? "", / hypotest-toys/);
  assert.equal(unbinnedFault(unbinned), null);
  for (const spec of [null, 1, [], {}, { distributions: [], domains: [] }]) {
    assert.deepEqual([workspaceFault(spec), unbinnedFault(spec)], [null, null]);
  }
});
