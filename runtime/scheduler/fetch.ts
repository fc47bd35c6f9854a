import { join } from "node:path";
import { FarmError } from "../../core/errors.ts";
import { FETCH_LOCK, FETCHED, INCOMING, LOGS } from "../../core/run_paths.ts";
import type { FarmManifest } from "../../core/schema/manifest.ts";
import type { Handle, NativeState, RenderContext, SchedulerAdapter } from "../../schedulers/adapter.ts";
import { commandMessage } from "../../schedulers/command_result.ts";
import { whileLocked } from "../fs/exclusive.ts";
import { listNames } from "../fs/list.ts";
import { explainWrite, makeFolder, rename } from "../fs/write.ts";
import type { Run } from "../run/load_manifest.ts";
import { ingestIncoming } from "../shard/ingest.ts";
import { runCommands } from "./drive.ts";

/**
 * Fetches the results that a scheduler keeps, commits them, and then removes their jobs. The process may be stopped at
 * any moment: what is still in the queue is fetched again.
 * @returns the states; an ended job whose results could not be fetched is still running, with the reason
 */
export async function fetchKept(
  run: Run<FarmManifest>,
  adapter: SchedulerAdapter,
  context: RenderContext,
  handles: Handle[],
  states: NativeState[],
): Promise<NativeState[]> {
  const kept = states.filter(({ to_fetch }) => to_fetch);
  if (kept.length === 0) return states;
  const mine = handles.filter(({ token }) => kept.some((one) => one.token === token));
  const problem = await fetchAll(run, adapter, context, mine);
  if (problem !== null) {
    const reason = `it has ended, but its results are not here: ${problem}`;
    return states.map((one) => one.to_fetch ? { ...one, state: "running", reason } : one);
  }
  // A job that stays in the queue for all that is fetched again by the next command.
  for (const handle of mine) {
    const shards = kept.filter(({ token }) => token === handle.token).flatMap(({ shard }) => shard ?? []);
    await runCommands(adapter, adapter.discard?.(context, [handle], shards) ?? [], run.dir);
  }
  return states;
}

/** Fetches and commits all kept results of these submissions. Returns what prevented that; null: nothing. */
async function fetchAll(
  run: Run<FarmManifest>,
  adapter: SchedulerAdapter,
  context: RenderContext,
  handles: Handle[],
): Promise<string | null> {
  try {
    return await whileLocked(join(run.dir, FETCH_LOCK), async () => {
      for (const folder of [INCOMING, LOGS]) makeFolder(join(run.dir, FETCHED, folder));
      const results = await runCommands(adapter, adapter.fetch?.(context, handles) ?? [], run.dir);
      const bad = results.find(({ exit_code }) => exit_code !== 0);
      if (bad) return commandMessage(bad);
      moveFetched(run.dir);
      ingestIncoming(run);
      return null;
    });
  } catch (error) {
    if (error instanceof FarmError) return error.message;
    throw error;
  }
}

/**
 * Moves fetched files to where jobs that return their results themselves leave them. A file is never written where a
 * commit may be linking it: the scheduler's program would write a second time into the result of a shard.
 */
function moveFetched(dir: string): void {
  for (const folder of [LOGS, INCOMING]) {
    makeFolder(join(dir, folder));
    for (const name of listNames(join(dir, FETCHED, folder))) {
      const to = join(dir, folder, name);
      explainWrite(to, () => rename(join(dir, FETCHED, folder, name), to));
    }
  }
}
