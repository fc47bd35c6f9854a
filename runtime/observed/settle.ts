import { dirname, join } from "node:path";
import { FarmError } from "../../core/errors.ts";
import { readWorkspace, withStart, type Workspace, workspacePoi } from "../../core/observed/workspace.ts";
import { rescaled, rescaleFault } from "../../core/observed/rescale.ts";
import { observedNotes } from "../../core/observed/words.ts";
import type { RunRequest } from "../../core/request.ts";
import type { FarmManifest, RunRecord } from "../../core/schema/manifest.ts";
import type { ObservedFit, WorkspaceCopy } from "../../core/schema/observed.ts";
import { WORKSPACE_COPY } from "../../core/staging.ts";
import { workloadNamed } from "../../core/workload/registry.ts";
import { hashFile } from "../fs/hash_file.ts";
import { makeFolder, writeWhole } from "../fs/write.ts";
import type { Fitter } from "./fits.ts";
import { checkObserved } from "./heal.ts";

const UNCHECKED =
  "the fit of the observed data and the starts of toys are not checked: of tests only workspaces in pyhf's format are";

interface SettledWorkspace {
  fitter: Fitter;
  /** The workspace as the user has it; null: the run has none that is understood. */
  workspace: Workspace | null;
  farm: Pick<RunRecord, "workspace" | "observed_fit">;
  /** What a person should know of it. */
  notes: string[];
}

/**
 * Checks the fit of the observed data of a workspace, and makes the copy that the run reads in its place where it needs
 * another start, or its signal is to be rescaled.
 * @param scratch folder for the copy
 * @throws {FarmError} input, where no start finds the minimum, or the signal cannot be rescaled
 */
export async function settleWorkspace(
  request: RunRequest,
  manifest: FarmManifest,
  spec: unknown,
  scratch: string,
): Promise<SettledWorkspace> {
  const { modelWords } = workloadNamed(request.workload);
  const given = modelWords ? readWorkspace(spec) : null;
  const { signal_scale: scale } = request;
  const fault = scale === undefined ? null : given ? rescaleFault(given) : "its format is not known";
  if (fault !== null) throw cannotRescale(request, fault);
  const fitter = { nextstat: request.nextstat_bin, scratch, words: modelWords?.(manifest) ?? [] };
  if (!given) return { fitter, workspace: null, farm: {}, notes: modelWords && request.check ? [UNCHECKED] : [] };
  const unhealed = scale === undefined ? given : rescaled(given, scale);
  const observed_fit = request.check ? await judgeObserved(fitter, unhealed, request) : null;
  const own = observed_fit?.start ? withStart(unhealed, observed_fit.start) : unhealed;
  return {
    fitter,
    workspace: given,
    farm: {
      ...(own === given ? {} : { workspace: writeCopy(own, scratch) }),
      ...(observed_fit ? { observed_fit } : {}),
    },
    notes: observed_fit ? observedNotes(observed_fit, WORKSPACE_COPY) : [],
  };
}

/** Returns what is to be known of an observed fit; null: nothing. @throws {FarmError} input */
async function judgeObserved(fitter: Fitter, workspace: Workspace, request: RunRequest): Promise<ObservedFit | null> {
  const found = await checkObserved(fitter, workspace);
  if (!found) return null;
  const { given, best: { start, fit }, fault } = found;
  const { signal_scale: scale = 1 } = request;
  const known = {
    poi: workspacePoi(workspace),
    ...{ nll_given: given.converged ? given.nll : null, poi_given: given.converged ? given.poi_hat / scale : null },
    ...{ nll: fit.nll, poi_hat: fit.poi_hat / scale },
  };
  if (fault !== null) {
    if (request.accept_observed_fit !== true) throw notMinimal(request, fault);
    return { state: "accepted", ...known, why: fault };
  }
  const is_given = Object.keys(start.inits).length + Object.keys(start.bounds).length === 0;
  return is_given ? null : { state: "healed", ...known, start };
}

const notMinimal = ({ config }: RunRequest, fault: string): FarmError =>
  new FarmError(
    "input",
    `Cannot test "${config}": the fit of its observed data does not find its minimum (${fault}), from any start that was tried`,
    "Correct the inits and bounds of its parameters, or go on with this fit: --accept-observed-fit",
  );

const cannotRescale = ({ config, signal_scale }: RunRequest, fault: string): FarmError =>
  new FarmError(
    "input",
    `Cannot use --signal-scale ${signal_scale} with "${config}": ${fault}, so that it would be another model`,
    "Leave --signal-scale out",
  );

function writeCopy(workspace: Workspace, scratch: string): WorkspaceCopy {
  const path = join(scratch, WORKSPACE_COPY);
  makeFolder(dirname(path));
  writeWhole(path, JSON.stringify(workspace, null, 2) + "\n");
  const mtime_ms = Deno.statSync(path).mtime?.getTime() ?? 0;
  return { path: WORKSPACE_COPY, ...hashFile(path), mtime_ms };
}
