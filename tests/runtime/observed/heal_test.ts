import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { readWorkspace, withStart, type Workspace } from "../../../core/observed/workspace.ts";
import { fitObservedData, type Fitter, scanObservedData } from "../../../runtime/observed/fits.ts";
import { checkObserved } from "../../../runtime/observed/heal.ts";
import { nextstat } from "../../support/farm.ts";
import { lowestKnown } from "../../support/lowest_known.ts";
import { randomWorkspace } from "../../support/random_workspaces.ts";
import { inFolder } from "../../support/scratch.ts";

const SAMPLE = new URL("../../samples/starts/one_bin_55.json", import.meta.url).pathname;

const fitterIn = (folder: string): Fitter => ({ nextstat: nextstat(), scratch: join(folder, "tmp"), words: [] });

function understood(spec: unknown): Workspace {
  const workspace = readWorkspace(spec);
  assert(workspace);
  return workspace;
}

// With n = 55, s = 20 and b = 50 ± 5 % the minimum is at mu = 5 / 20 with the background at its nominal.
Deno.test("a fit that stays at mu = 0 is healed by a start that finds the minimum of the closed form", () =>
  inFolder(async (folder) => {
    const workspace = understood(JSON.parse(await readFile(SAMPLE, "utf8")));
    const found = await checkObserved(fitterIn(folder), workspace);
    assert(found);
    assert.equal(found.given.poi_hat, 0);
    assert(Math.abs(found.best.fit.poi_hat - 0.25) < 1e-3);
    assert.equal(found.fault, null);
    const again = await fitObservedData(fitterIn(folder), withStart(workspace, found.best.start));
    assert.equal(again?.nll, found.best.fit.nll);
    const scanned = await scanObservedData(fitterIn(folder), workspace, [0.25, 0.35]);
    assert.deepEqual(scanned.map(({ mu }) => mu), [0.25, 0.35]);
  }));

/** Seeds of random workspaces whose fit is wrong, and of some whose fit is right although its gradient is steep or not. */
const WRONG = [27, 68, 101, 125, 187, 243, 311, 326, 387, 627, 630];
const RIGHT = [1, 2, 3, 4, 5, 6, 22, 36, 208];

Deno.test("wrong fits of random workspaces are healed, and right ones get no word", () =>
  inFolder(async (folder) => {
    const fitter = fitterIn(folder);
    for (const seed of [...WRONG, ...RIGHT]) {
      const workspace = understood(randomWorkspace(seed));
      const [found, lowest] = [await checkObserved(fitter, workspace), await lowestKnown(fitter, workspace)];
      assert(found);
      const is_wrong = !found.given.converged || found.given.nll > lowest + 1e-3;
      assert.equal(is_wrong, WRONG.includes(seed), `seed ${seed}: ${found.given.nll}, lowest ${lowest}`);
      assert.equal(found.fault, null, `seed ${seed}`);
      assert(found.best.fit.nll < lowest + 1e-3, `seed ${seed}: ${found.best.fit.nll}, lowest ${lowest}`);
      assert.equal(Object.keys(found.best.start.inits).length > 0, is_wrong, `seed ${seed}`);
    }
  }));

Deno.test("a workspace that nextstat does not fit, or whose POI is fixed, is not checked", () =>
  inFolder(async (folder) => {
    const workspace = understood(JSON.parse(await readFile(SAMPLE, "utf8")));
    const fixed = withStart(workspace, { inits: {}, bounds: { mu: [[1, 1]] } });
    assert.equal(await checkObserved(fitterIn(folder), fixed), null);
    const broken = { ...workspace, observations: [] };
    assert.equal(await checkObserved(fitterIn(folder), broken), null);
  }));
