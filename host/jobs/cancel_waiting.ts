import type { FarmManifest } from "../../core/contracts/manifest.ts";
import type { ShardState } from "../../core/contracts/kinds.ts";
import type { Handle, SchedulerAdapter } from "../../schedulers/adapter.ts";
import { askScheduler, handlesOf, renderContext } from "./ask_scheduler.ts";
import { runCommands, unreachable } from "./drive_adapter.ts";
import type { Run } from "../run/load_manifest.ts";
import type { Machine } from "../machine/machine.ts";
import { type ScannedShard, scanRun } from "../state/scan_run.ts";
import { ownSubmissions } from "./submissions.ts";

/**
 * Cancels the jobs that do not run, and no others: what is released later must not run a shard a second time.
 * @param states held, and queued where these are to wait no longer for what they wait for
 * @returns the shards that they were to run
 * @throws {FarmError} unreachable
 */
export async function cancelWaiting(
  run: Run<FarmManifest>,
  adapter: SchedulerAdapter,
  machine: Machine,
  states: ReadonlySet<ShardState>,
): Promise<number[]> {
  const doing = "cancel the jobs that do not run";
  const asked = await askScheduler(run, adapter, 0);
  if (!asked.reached) throw unreachable(adapter, doing, asked.message ?? "no answer");
  const shards = await scanRun(run, machine, asked);
  const given = shards.filter((one) => asked.shards.has(one.plan.shard_index));
  const waiting = new Set(given.filter((one) => states.has(one.state)).map((one) => one.plan.shard_index));
  if (waiting.size === 0) return [];
  for (const { handle, whole } of waitingHandles(handlesOf(ownSubmissions(run)), waiting, shards)) {
    const commands = adapter.cancel(renderContext(run, []), [handle], whole ? null : [...waiting]);
    const answer = adapter.readCancel(await runCommands(adapter, commands, run.dir));
    if (answer.kind !== "ok") throw unreachable(adapter, doing, answer.message);
  }
  return [...waiting];
}

/** Whole submissions where nothing else of them goes on: tasks that a scheduler has not made yet go with them. */
function waitingHandles(handles: Handle[], waiting: ReadonlySet<number>, shards: ScannedShard[]) {
  const going = new Set(
    shards.filter(({ state }) => state === "queued" || state === "running" || state === "unknown")
      .filter(({ plan }) => !waiting.has(plan.shard_index))
      .map(({ plan }) => plan.shard_index),
  );
  return handles.filter(({ chunk }) => chunk.shards.some((shard) => waiting.has(shard)))
    .map((handle) => ({ handle, whole: !handle.chunk.shards.some((shard) => going.has(shard)) }));
}
