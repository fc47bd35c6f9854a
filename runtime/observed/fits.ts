import { join } from "node:path";
import type { ObservedResult, ScannedPoint } from "../../core/observed/judge.ts";
import type { Workspace } from "../../core/observed/workspace.ts";
import { ONE_BLAS_THREAD } from "../../core/record.ts";
import * as z from "../../core/schema/zod.ts";
import { orElse } from "../../core/errors.ts";
import { parseText } from "../fs/read.ts";
import { writeWhole } from "../fs/write.ts";
import { runProgram } from "../system/process.ts";

/** nextstat, and where copies of the workspace may be written. */
export interface Fitter {
  nextstat: string;
  scratch: string;
  /** Arguments of the user that change the model: `--interp-defaults`. */
  words: readonly string[];
}

const Fit = z.looseObject({
  bestfit: z.array(z.number()),
  converged: z.boolean(),
  final_grad_norm: z.optional(z.nullable(z.number())),
  nll: z.number(),
  parameter_names: z.array(z.string()),
  poi_index: z.int(),
});

/** Fits the observed data of a workspace. @returns null where nextstat does not */
export async function fitObservedData(fitter: Fitter, workspace: Workspace): Promise<ObservedResult | null> {
  const data = await askNextstat(fitter, workspace, ["fit"], Fit);
  if (!data) return null;
  const { bestfit, converged, final_grad_norm: gradient = null, nll, parameter_names, poi_index } = data;
  return { nll, converged, gradient, poi_hat: bestfit[poi_index] ?? NaN, names: parameter_names, values: bestfit };
}

const Scan = z.looseObject({ points: z.array(z.looseObject({ mu: z.number(), nll_mu: z.number() })) });

/** Fits the observed data at two values of the POI. @returns none where nextstat does not */
export async function scanObservedData(
  fitter: Fitter,
  workspace: Workspace,
  [from, to]: readonly [number, number],
): Promise<ScannedPoint[]> {
  const words = ["scan", `--start=${from}`, `--stop=${to}`, "--points", "2"];
  const data = await askNextstat(fitter, workspace, words, Scan);
  return (data?.points ?? []).map(({ mu, nll_mu }) => ({ mu, nll: nll_mu }));
}

let n_written = 0;

/** Returns what a command of nextstat prints about a workspace; null: it fails, or prints something else. */
export async function askNextstat<Schema extends z.ZodMiniType>(
  { nextstat, scratch, words: own }: Fitter,
  workspace: Workspace,
  [command = "", ...words]: readonly string[],
  schema: Schema,
): Promise<z.infer<Schema> | null> {
  const path = join(scratch, `workspace_${n_written++}.json`);
  writeWhole(path, JSON.stringify(workspace));
  const env = Object.entries(ONE_BLAS_THREAD).map(([name, value]) => `${name}=${value}`);
  const argv = ["env", ...env, nextstat, command, "--input", path, ...words, "--threads", "1", ...own];
  const { exit_code, stdout } = await runProgram({ argv, cwd: scratch, timeout_s: 600 });
  Deno.removeSync(path);
  if (exit_code !== 0) return null;
  return orElse(null, () => schema.safeParse(parseText(stdout)).data ?? null);
}
