import type { Cause } from "./contracts/kinds.ts";
import { FAILURES } from "./failure.ts";
import type { OutputFrame } from "./contracts/shard_output.ts";
import type { Metrics } from "./contracts/shard_record.ts";

/** nextstat's exit code where a guardrail failed on its own toys; output and metrics are whole then (nextstat 0.10.1). */
const GUARDRAIL_EXIT = 1;

/** Whether a fit that ended so can have left a result: what it left decides. */
export function canHaveResult(cause: Cause, exit_code: number | null): boolean {
  return cause === "ok" || (exit_code === GUARDRAIL_EXIT && FAILURES[cause].is_by_exit);
}

/** Whether nextstat says that a guardrail failed on the toys of this output: of a set it is judged on the whole set. */
export const failedGuardrail = ({ guardrails }: Pick<OutputFrame, "guardrails">): boolean =>
  guardrails?.passed === false;

/** Whether a whole output is a result although nextstat ended with an error: it only judged a guardrail. */
export function isGuardrailEnd(
  cause: Cause,
  exit_code: number | null,
  frame: Pick<OutputFrame, "guardrails">,
  metrics: Pick<Metrics, "status">,
): boolean {
  return cause !== "ok" && canHaveResult(cause, exit_code) && failedGuardrail(frame) && metrics.status.ok;
}
