import { failedGuardrail, frameFault, outputFault, selfFault } from "../check_result.ts";
import { FarmError } from "../errors.ts";
import { fitCommand, isPiece, OWNED_FLAGS } from "../fit_command.ts";
import { equalFault } from "../merge/equal.ts";
import { readOutputFrame, readOutputText, type ShardOutput } from "../output.ts";
import { RUN_SCHEMA } from "../schema/manifest.ts";
import type { Workload } from "./workload.ts";

/** Fits of toys: nextstat unbinned-fit-toys, with the values of each toy. */
export const fitToys: Workload<ShardOutput> = {
  name: "fit-toys",
  what: "fit toys of an unbinned spec (unbinned-fit-toys)",
  run_schema: RUN_SCHEMA,
  owned_flags: OWNED_FLAGS,
  has_generation: true,
  has_metrics: true,
  max_toys: null,
  settings: ({ mu }) => {
    if (mu === undefined) return undefined;
    throw new FarmError("usage", "Cannot use --mu with the workload fit-toys", "Use --set to generate toys elsewhere");
  },
  command: fitCommand,
  hasOwnCommand: isPiece,
  parse: readOutputText,
  selfFault,
  planFault: outputFault,
  isOfPlan: (manifest, plan, text) => {
    const frame = readOutputFrame(text);
    return frame !== undefined && frameFault(manifest, plan, frame) === null;
  },
  equalFault,
  failedGuardrail: ({ frame }) => failedGuardrail(frame),
  counts: ({ frame: { results: { n_converged, n_error } } }) => ({ n_converged, n_error }),
  reference: null,
  merge: null,
};
