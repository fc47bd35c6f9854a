import type { Cause } from "../../core/contracts/kinds.ts";
import type { FarmManifest, Plan } from "../../core/contracts/manifest.ts";
import { Metrics } from "../../core/contracts/shard_record.ts";
import { errorText } from "../../core/errors.ts";
import { canHaveResult, isGuardrailEnd } from "../../core/guardrail_end.ts";
import { readDocument, Unreadable } from "../disk/read_file.ts";
import type { FitFiles } from "./fit_files.ts";
import { type CheckedOutput, readOutput } from "./read_shard.ts";

/** What a fit left, whole and checked. */
export interface FitResult {
  output: CheckedOutput;
  metrics: Metrics;
}

/** Why a fit has no result. */
export interface NoResult {
  cause: Cause;
  /** What is wrong with the files that it left; null where its end alone tells. */
  fault: string | null;
}

/**
 * The result of a fit that has ended, or why there is none. Where a guardrail failed on the shard's own toys nextstat
 * ends with an error, and its whole output is a result all the same.
 * @param cause what its end shows by itself; ok where only its files can tell more
 */
export function resultOf(
  cause: Cause,
  exit_code: number | null,
  files: Pick<FitFiles, "out" | "metrics">,
  manifest: FarmManifest,
  plan: Plan,
): FitResult | NoResult {
  if (!canHaveResult(cause, exit_code)) return { cause, fault: null };
  const left = readLeft(files, manifest, plan);
  if (cause === "ok") return left;
  const isResult = "output" in left && isGuardrailEnd(cause, exit_code, left.output.output.frame, left.metrics);
  return isResult ? left : { cause, fault: null };
}

function readLeft(files: Pick<FitFiles, "out" | "metrics">, manifest: FarmManifest, plan: Plan): FitResult | NoResult {
  const output = readOutput(files.out, manifest, plan);
  if (output instanceof Unreadable) {
    return { cause: output.other_toys ? "toys" : "output", fault: `The fit's output ${errorText(output)}` };
  }
  try {
    return { output, metrics: readDocument(files.metrics, Metrics) };
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    return { cause: "output", fault: `The fit's metrics file ${errorText(error)}` };
  }
}
