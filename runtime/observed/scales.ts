import { rescaled, rescaleFault } from "../../core/observed/rescale.ts";
import { comparedScales, triedScales, triedToys, withoutTies } from "../../core/observed/scales.ts";
import { scaleMarks } from "../../core/observed/words.ts";
import { withStart, type Workspace } from "../../core/observed/workspace.ts";
import type { RunRequest } from "../../core/request.ts";
import { HypotestOutput } from "../../core/schema/hypotest.ts";
import type { ScaleCheck } from "../../core/schema/observed.ts";
import { countOf } from "../../core/workload/test_output.ts";
import { onAllCores } from "../starts/fits.ts";
import { askNextstat, type Fitter } from "./fits.ts";
import { checkObserved } from "./heal.ts";

interface CheckedScales {
  scale_check?: ScaleCheck;
  /** What a person should know of it. */
  notes: string[];
}

/**
 * Runs trial toys of a test of a workspace from several starts, as requested.
 * @param workspace null: the run has none that is understood
 * @param toy_s time of a toy of both hypotheses in seconds
 */
export async function checkScales(
  request: Pick<RunRequest, "mu" | "seed" | "signal_scale" | "check" | "check_starts">,
  fitter: Fitter,
  workspace: Workspace | null,
  toy_s: number,
): Promise<CheckedScales> {
  const { mu, seed, signal_scale: own_scale, check, check_starts } = request;
  if (!workspace || mu === null || !check || check_starts === 0) return { notes: [] };
  const tried = await tryScales(fitter, workspace, { mu, seed, own_scale, toy_s });
  if (tried === null) return { notes: [] };
  if (typeof tried === "string") return { notes: [`toys are not tried from other starts: ${tried}`] };
  return { scale_check: tried, notes: scaleMarks(tried, own_scale) };
}

interface TriedTest {
  /** Tested value, in the workspace as the user has it. */
  mu: number;
  seed: number;
  /** Scale of the run. */
  own_scale: number | undefined;
  /** Time of a toy of both hypotheses in seconds. */
  toy_s: number;
}

/**
 * Runs the same toys of a test with the signal divided by several numbers: the same model, other starts.
 * @returns why that is not done, or null where nextstat refuses
 */
async function tryScales(fitter: Fitter, workspace: Workspace, test: TriedTest): Promise<ScaleCheck | string | null> {
  const fault = rescaleFault(workspace);
  if (fault !== null) return `${fault}: with a rescaled signal it would be another model`;
  const scales = triedScales(test.own_scale);
  const n_toys = triedToys(test.toy_s, scales.length);
  if (n_toys === null) return `a toy takes ${test.toy_s.toPrecision(2)} s, and too few could be tried in 10 s`;
  const moved = withoutTies(workspace);
  const rows = await onAllCores(scales, (scale) => testAt(fitter, moved, scale, { ...test, n_toys }));
  const known = rows.flatMap((row) => row ?? []);
  // The observed fit of another scale may have no start that finds its minimum, or nextstat refuses the test.
  return known.length === scales.length ? comparedScales(n_toys, known) : null;
}

async function testAt(
  fitter: Fitter,
  workspace: Workspace,
  scale: number,
  { mu, seed, n_toys }: TriedTest & { n_toys: number },
): Promise<ScaleCheck["rows"][number] | null> {
  const words = ["hypotest-toys", "--mu", `${mu * scale}`, "--n-toys", `${n_toys}`, "--seed", `${seed}`];
  const given = rescaled(workspace, scale);
  // Its own observed fit is at the minimum, so that only the fits of toys can differ.
  const found = await checkObserved(fitter, given);
  if (!found || found.fault !== null) return null;
  const data = await askNextstat(fitter, withStart(given, found.best.start), words, HypotestOutput);
  if (!data) return null;
  const n = { sb: data.n_toys.sb - data.n_error.sb, b: data.n_toys.b - data.n_error.b };
  const k = { sb: countOf(data.clsb, n.sb), b: countOf(data.clb, n.b) };
  if (k.sb === null || k.b === null) return null;
  return { scale, cls: data.cls, sb: { k: k.sb, n: n.sb }, b: { k: k.b, n: n.b } };
}
