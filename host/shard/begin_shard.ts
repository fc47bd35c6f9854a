import type { Attempt } from "../../core/contracts/attempt.ts";
import type { Plan } from "../../core/contracts/manifest.ts";
import { newAttempt } from "../../core/record.ts";
import { beginAttempt, type OpenAttempt, removeAttempt } from "./attempts.ts";
import { readShard } from "./read_shard.ts";
import type { Workbench } from "./workbench.ts";

/**
 * Writes the attempt file of a shard that is to run. Undefined when another process has this attempt, or has committed
 * the shard in the meantime.
 *
 * @param own what tells this kind of attempt from others
 */
export function beginShard(
  { run: { dir, manifest }, machine, ids }: Workbench,
  order: { plan: Plan; attempt: number; slot: string | null },
  own: Pick<Attempt, "attempt_token"> & Partial<Pick<Attempt, "remote" | "nextstat_sha256">>,
): OpenAttempt | undefined {
  const attempt = newAttempt(manifest, order.plan, order.attempt, {
    wrapper: machine.process,
    ...(own.remote ? {} : { host: machine.host }),
    ...ids,
    slot: order.slot,
    started_at_utc: new Date().toISOString(),
    ...own,
  });
  const open = beginAttempt(dir, attempt);
  if (!open || readShard(dir, manifest, order.plan).kind !== "done") return open;
  removeAttempt(open);
  return undefined;
}
