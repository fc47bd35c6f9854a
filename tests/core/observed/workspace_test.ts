import assert from "node:assert/strict";
import { rescaled, rescaleFault } from "../../../core/observed/rescale.ts";
import { initsOfFit, poiRange, readWorkspace, wideLumi, withStart } from "../../../core/observed/workspace.ts";
import { observedNotes, testMarks } from "../../../core/observed/words.ts";
import { smallWorkspace } from "./small_workspace.ts";

const lumi = { name: "lumi", type: "lumi", data: null };
const stat = { name: "stat", type: "staterror", data: [2] };

Deno.test("a start changes the named parameters of the first measurement alone", () => {
  const given = withStart(smallWorkspace(), { inits: { b: [0.1] }, bounds: { b: [[-5, 5]] } });
  const changed = withStart(given, { inits: { mu: [0.3] }, bounds: {} });
  assert.deepEqual(changed.measurements[0]?.config.parameters, [
    { name: "b", inits: [0.1], bounds: [[-5, 5]] },
    { name: "mu", inits: [0.3] },
  ]);
  assert.deepEqual(poiRange(changed), { init: 0.3, bounds: [0, 10], is_fixed: false });
  assert.deepEqual(changed.channels, given.channels);
});

Deno.test("narrow bounds of the luminosity are widened, and no others", () => {
  const narrow = withStart(smallWorkspace([lumi], [lumi]), {
    inits: {},
    bounds: { lumi: [[0.9, 1.1]], b: [[0.9, 1.1]] },
  });
  assert.deepEqual(wideLumi(narrow), { lumi: [[0.8, 1.2]] });
  assert.deepEqual(wideLumi(withStart(narrow, { inits: {}, bounds: { lumi: [[0.5, 1.5]] } })), {});
  assert.deepEqual(wideLumi(smallWorkspace()), {});
});

Deno.test("fitted values of bins are the starts of one parameter", () => {
  assert.deepEqual(initsOfFit(["mu", "stat[0]", "stat[1]"], [0.3, 1.1, 0.9]), { mu: [0.3], stat: [1.1, 0.9] });
});

Deno.test("a rescaled signal expects the same events at the rescaled POI", () => {
  const shape = { name: "shape", type: "histosys", data: { hi_data: [22], lo_data: [18] } };
  const norm = { name: "norm", type: "normsys", data: { hi: 1.1, lo: 0.9 } };
  const given = smallWorkspace([shape, norm, { ...stat, name: "own" }], [stat]);
  assert.equal(rescaleFault(given), null);
  const [signal, background] = rescaled(given, 4).channels[0]?.samples ?? [];
  assert.deepEqual(signal?.data, [5]);
  assert.deepEqual(signal?.modifiers?.map(({ data }) => data), [
    null,
    { hi_data: [5.5], lo_data: [4.5] },
    norm.data,
    [0.5],
  ]);
  assert.deepEqual(background, given.channels[0]?.samples[1]);
  assert.deepEqual(poiRange(rescaled(given, 4)), { init: 4, bounds: [0, 40], is_fixed: false });
});

Deno.test("a signal that is not scaled alone is not rescaled, with the reason", () => {
  assert.match(rescaleFault(smallWorkspace([stat], [stat])) ?? "", /staterror "stat" is of the signal and of other/);
  const twice = { name: "mu", type: "normfactor", data: null };
  assert.match(rescaleFault(smallWorkspace([twice])) ?? "", /in another way than as one normfactor/);
  const other = { name: "mu", type: "normsys", data: { hi: 2, lo: 1 } };
  assert.match(rescaleFault(smallWorkspace([], [other])) ?? "", /in another way/);
  const none = { ...smallWorkspace(), measurements: [{ config: { poi: "nu" } }] };
  assert.match(rescaleFault(none) ?? "", /no sample has the normfactor "nu"/);
  assert.equal(readWorkspace({ model: {} }), null);
});

Deno.test("a healed and an accepted fit are named with their numbers, a sound one is not", () => {
  const known = { poi: "mu", nll_given: 4.128, poi_given: 0, nll: 3.843, poi_hat: 0.25 };
  const start = { inits: { mu: [0.3] }, bounds: { lumi: [[0.8, 1.2] satisfies [number, number]] } };
  const [note = ""] = observedNotes({ state: "healed", ...known, start }, "starts/workspace.json");
  assert.match(note, /its NLL is 0\.285 too high, mu = 0 in place of 0\.25/);
  assert.match(note, /starts\/workspace\.json, mu from 0\.3, lumi within 0\.8 and 1\.2$/);
  const accepted = { state: "accepted" as const, ...known, why: "the norm of its gradient is 2" };
  assert.match(testMarks({ observed_fit: accepted })[0] ?? "", /--accept-observed-fit.*gradient is 2/);
  assert.deepEqual(testMarks({}), []);
});
