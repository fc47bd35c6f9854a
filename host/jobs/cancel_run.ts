import type { FarmManifest } from "../../core/contracts/manifest.ts";
import { quoteWord } from "../../core/shell_quote.ts";
import type { Backend, Handle } from "../../schedulers/adapter.ts";
import type { Run } from "../run/load_manifest.ts";
import { type AskedScheduler, askScheduler, handlesOf, renderContext } from "./ask_scheduler.ts";
import { runCommands, unreachable } from "./drive_adapter.ts";
import { whileSubmitting } from "./start_run.ts";
import { settleSubmissions } from "./submit_run.ts";
import { ownSubmissions } from "./submissions.ts";
import { stopLoops } from "./background_worker.ts";

/**
 * Cancels all jobs of a run that its scheduler knows under our tokens, whichever submission they are of; an id alone is
 * never believed. A submission that is under way is waited for, and one without an answer is looked for first.
 * @throws {FarmError} unreachable
 */
export async function cancelRun(cancelled: Run<FarmManifest>, adapter: Backend): Promise<Handle[]> {
  const doing = "cancel the run's jobs";
  return await whileSubmitting(cancelled, async (run) => {
    await settleSubmissions(run, adapter, `nsfarm-deno cancel ${quoteWord(run.dir)}`);
    const { states } = await askOrThrow(run, adapter, doing);
    const known = new Set(states.filter(({ state }) => ACTIVE.has(state)).map(({ token }) => token));
    const all = handlesOf(ownSubmissions(run));
    const handles = all.filter((handle) => known.has(handle.token));
    // Of one that has ended a site's wrapper may have queued a second job, which is not asked about.
    await cancelJobs(run, adapter, adapter.limits.cancels_by_token ? all : handles, null, doing);
    return handles;
  });
}

/** States of jobs that are there, or may be. */
export const ACTIVE: ReadonlySet<string> = new Set(["queued", "running", "held", "unknown"]);

/** @throws {FarmError} unreachable */
export async function askOrThrow(
  run: Run<FarmManifest>,
  adapter: Backend,
  doing: string,
): Promise<AskedScheduler> {
  const asked = await askScheduler(run, adapter, 0);
  if (!asked.reached) throw unreachable(adapter, doing, asked.message ?? "no answer");
  return asked;
}

/**
 * @param shards whose tasks are cancelled; null: all of the handles
 * @throws {FarmError} unreachable
 */
export async function cancelJobs(
  run: Run<FarmManifest>,
  adapter: Backend,
  handles: Handle[],
  shards: number[] | null,
  doing: string,
): Promise<void> {
  if (handles.length === 0) return;
  const answer = adapter.kind === "worker"
    ? await stopLoops(run, handles)
    : adapter.readCancel(await runCommands(adapter, adapter.cancel(renderContext(run, []), handles, shards), run.dir));
  if (answer.kind !== "ok") throw unreachable(adapter, doing, answer.message);
}
