// slow: fits 950 workspaces from many starts, and each with pyhf and minuit, in minutes
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readWorkspace } from "../../core/observed/workspace.ts";
import { checkObserved } from "../../runtime/observed/heal.ts";
import { pythonPackages } from "../../scripts/release/packages.ts";
import { nextstat } from "../support/farm.ts";
import { lowestKnown } from "../support/lowest_known.ts";
import { type RandomWorkspace, randomWorkspace } from "../support/random_workspaces.ts";
import { inFolder } from "../support/scratch.ts";

const N = 950;

/** Other workspaces than those on which the search was made. */
const FIRST_SEED = 10_001;

/**
 * Prints the lowest NLL that minuit finds in each workspace, from several values of the POI and with wide bounds of the
 * luminosity; null: it finds none. Interpolation as nextstat has it by default.
 */
const SCRIPT = `
import json, sys
import pyhf
pyhf.set_backend("numpy", pyhf.optimize.minuit_optimizer(maxiter=100000))
CODES = {"normsys": {"interpcode": "code4"}, "histosys": {"interpcode": "code4p"}}
def lowest(spec):
    for one in spec["measurements"][0]["config"]["parameters"]:
        if one["name"] == "lumi":
            one["bounds"] = [[0.5, 1.5]]
    workspace = pyhf.Workspace(spec)
    model = workspace.model(modifier_settings=CODES)
    data = workspace.data(model)
    found = []
    for mu in (0.0, 0.1, 1.0):
        init = model.config.suggested_init()
        init[model.config.poi_index] = mu
        try:
            _, twice = pyhf.infer.mle.fit(data, model, init_pars=init, return_fitted_val=True)
            found.append(float(twice) / 2)
        except Exception:
            pass
    return min(found) if found else None
print(json.dumps([lowest(one) for one in json.load(open(sys.argv[1]))]))
`;

async function byMinuit(folder: string, workspaces: readonly RandomWorkspace[]): Promise<(number | null)[]> {
  const [script, input] = [join(folder, "minuit.py"), join(folder, "workspaces.json")];
  await writeFile(script, SCRIPT);
  await writeFile(input, JSON.stringify(workspaces));
  const packages = await pythonPackages("pyhf_minuit", ["pyhf==0.7.6", "iminuit==2.31.1"]);
  const env = { PYTHONPATH: packages, OMP_NUM_THREADS: "1", OPENBLAS_NUM_THREADS: "1", PYTHONWARNINGS: "ignore" };
  const { success, stdout, stderr } = await new Deno.Command("python3", { args: [script, input], env }).output();
  assert(success, new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}

Deno.test("of 950 random workspaces nearly all wrong observed fits are healed or refused, and few right ones get a word", () =>
  inFolder(async (folder) => {
    const fitter = { nextstat: nextstat(), scratch: join(folder, "tmp"), words: [] };
    const workspaces = Array.from({ length: N }, (_, i) => randomWorkspace(FIRST_SEED + i));
    const minuit = await byMinuit(folder, workspaces);
    const counts = {
      right: 0,
      wrong: 0,
      healed: 0,
      refused: 0,
      left: 0,
      false_words: 0,
      lower_by_minuit: 0,
      as_minuit: 0,
    };
    for (const [i, given] of workspaces.entries()) {
      const workspace = readWorkspace(given);
      assert(workspace);
      const found = await checkObserved(fitter, workspace);
      assert(found, `seed ${FIRST_SEED + i}`);
      const known = Math.min(found.best.fit.nll, await lowestKnown(fitter, workspace));
      const lowest = Math.min(known, minuit[i] ?? Infinity);
      if (lowest < known - 1e-3) counts.lower_by_minuit++;
      if (Math.abs((minuit[i] ?? NaN) - known) < 1e-3) counts.as_minuit++;
      const is_wrong = !found.given.converged || found.given.nll > lowest + 1e-3;
      const has_word = found.fault !== null || Object.keys(found.best.start.inits).length > 0;
      if (!is_wrong) counts.right++;
      else counts.wrong++;
      if (!is_wrong && has_word) counts.false_words++;
      if (!is_wrong) continue;
      if (found.fault !== null) counts.refused++;
      else if (found.best.fit.converged && found.best.fit.nll < lowest + 1e-3) counts.healed++;
      else {
        counts.left++;
        console.log(`seed ${FIRST_SEED + i}: ${found.best.fit.nll}, lowest ${lowest}`);
      }
    }
    console.log(JSON.stringify(counts));
    // The judge works: it finds nearly all of the lowest minima itself.
    assert(counts.as_minuit >= 0.9 * N, JSON.stringify(counts));
    assert(counts.wrong >= 30, JSON.stringify(counts));
    assert(counts.healed + counts.refused >= 60 / 64 * counts.wrong, JSON.stringify(counts));
    assert(counts.false_words <= 0.01 * counts.right, JSON.stringify(counts));
  }));
