import { failedGuardrail, frameFault, outputFault, selfFault } from "../check_result.ts";
import { FarmError } from "../errors.ts";
import { fitCommand, isPiece, OWNED_FLAGS } from "../fit_command.ts";
import { equalFault } from "../merge/equal.ts";
import { pullOf, readOutputFrame, readOutputText, type ShardOutput } from "../output.ts";
import { RUN_SCHEMA } from "../schema/manifest.ts";
import { unbinnedFault } from "./spec_kind.ts";
import type { ExportedRows, Workload } from "./workload.ts";

/** NaN stands for null in an output. */
const orNull = (value: number | undefined): number | null => value === undefined || Number.isNaN(value) ? null : value;

const TOY_ROWS: ExportedRows<ShardOutput> = {
  count: ({ poi_hat }) => poi_hat.length,
  columns: [
    { name: "seed", type: "integer", of: ({ plan }, i) => plan.seed + i },
    { name: "toy", type: "integer", of: ({ plan }, i) => plan.toy_start + i },
    { name: "poi_hat", type: "real", of: ({ output }, i) => orNull(output.poi_hat[i]) },
    { name: "poi_sigma", type: "real", of: ({ output }, i) => orNull(output.poi_sigma[i]) },
    { name: "pull", type: "real", of: ({ output }, i) => orNull(pullOf(output, i)) },
    { name: "nll", type: "real", of: ({ output }, i) => orNull(output.nll[i]) },
    { name: "converged", type: "boolean", of: ({ output }, i) => output.converged[i] ?? null },
    { name: "shard", type: "integer", of: ({ plan }) => plan.shard_index },
    { name: "host", type: "text", of: ({ host }) => host },
  ],
};

/** Fits of toys: nextstat unbinned-fit-toys, with the values of each toy. */
export const fitToys: Workload<ShardOutput> = {
  name: "fit-toys",
  run_schema: RUN_SCHEMA,
  owned_flags: OWNED_FLAGS,
  has_generation: true,
  has_metrics: true,
  seed_offsets: [0],
  specFault: unbinnedFault,
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
  rows: TOY_ROWS,
  merge: null,
};
