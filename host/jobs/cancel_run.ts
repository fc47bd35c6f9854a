import type { FarmManifest } from "../../core/contracts/manifest.ts";
import type { Handle, SchedulerAdapter } from "../../schedulers/adapter.ts";
import { askScheduler, handlesOf, renderContext } from "./ask_scheduler.ts";
import { runCommands, unreachable } from "./drive_adapter.ts";
import type { Run } from "../run/load_manifest.ts";
import { ownSubmissions } from "./submissions.ts";

/**
 * Cancels the jobs of a run that its scheduler knows under our tokens; an id alone is never believed.
 * @throws {FarmError} unreachable
 */
export async function cancelRun(run: Run<FarmManifest>, adapter: SchedulerAdapter): Promise<Handle[]> {
  const asked = await askScheduler(run, adapter, 0);
  if (!asked.reached) throw unreachable(adapter, "cancel the run's jobs", asked.message ?? "no answer");
  const known = new Set(
    [...asked.shards.values()].flatMap(({ native }) => native && ACTIVE.has(native.state) ? [native.token] : []),
  );
  const handles = handlesOf(ownSubmissions(run)).filter((handle) => known.has(handle.token));
  if (handles.length === 0) return [];
  const commands = adapter.cancel(renderContext(run, []), handles, null);
  const answer = adapter.readCancel(await runCommands(adapter, commands, run.dir));
  if (answer.kind !== "ok") throw unreachable(adapter, "cancel the run's jobs", answer.message);
  return handles;
}

const ACTIVE = new Set(["queued", "running", "held", "unknown"]);
