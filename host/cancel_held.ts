import type { FarmManifest } from "../core/contracts/manifest.ts";
import type { Handle, SchedulerAdapter } from "../schedulers/adapter.ts";
import { askScheduler, handlesOf, renderContext } from "./ask_scheduler.ts";
import { runCommands, unreachable } from "./drive_adapter.ts";
import type { Run } from "./load_manifest.ts";
import type { Machine } from "./machine.ts";
import { type ScannedShard, scanRun } from "./scan_run.ts";
import { readSubmissions } from "./submissions.ts";

/**
 * Cancels the jobs that a scheduler holds, and no others: what is released later must not run a shard a second time.
 * @returns the shards that they were to run
 * @throws {FarmError} unreachable
 */
export async function cancelHeld(
  run: Run<FarmManifest>,
  adapter: SchedulerAdapter,
  machine: Machine,
): Promise<number[]> {
  const doing = "cancel the held jobs";
  const asked = await askScheduler(run, adapter, 0);
  if (!asked.reached) throw unreachable(adapter, doing, asked.message ?? "no answer");
  const shards = await scanRun(run, machine, asked);
  const held = new Set(shards.filter((one) => one.state === "held").map((one) => one.plan.shard_index));
  if (held.size === 0) return [];
  for (const { handle, whole } of heldHandles(handlesOf(readSubmissions(run.dir)), held, shards)) {
    const commands = adapter.cancel(renderContext(run, []), [handle], whole ? null : [...held]);
    const answer = adapter.readCancel(await runCommands(adapter, commands, run.dir));
    if (answer.kind !== "ok") throw unreachable(adapter, doing, answer.message);
  }
  return [...held];
}

/** Whole submissions where nothing else of them goes on: tasks that a scheduler has not made yet go with them. */
function heldHandles(handles: Handle[], held: ReadonlySet<number>, shards: ScannedShard[]) {
  const going = new Set(
    shards.filter(({ state }) => state === "queued" || state === "running" || state === "unknown")
      .map(({ plan }) => plan.shard_index),
  );
  return handles.filter(({ chunk }) => chunk.shards.some((shard) => held.has(shard)))
    .map((handle) => ({ handle, whole: !handle.chunk.shards.some((shard) => going.has(shard)) }));
}
