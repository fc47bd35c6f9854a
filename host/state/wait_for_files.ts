import { pauseFor } from "../machine/pause_for.ts";
import { livePlans } from "../../core/check_manifest.ts";
import type { FarmManifest } from "../../core/contracts/manifest.ts";
import { shardsWithFiles } from "../jobs/absent_since.ts";
import { listAttempts, readAttempt } from "../shard/attempts.ts";
import type { Run } from "../run/load_manifest.ts";
import { settleIncoming } from "../shard/settle_incoming.ts";

const LOOK_MS = 2000;

/**
 * Waits until each shard has a record or an attempt with its end, at most `grace_s`: a shared file system may show
 * what a node wrote only after a while.
 * @param over shards of which nothing more is awaited, because their jobs are known to have failed
 */
export async function waitForFiles(
  run: Run<FarmManifest>,
  grace_s: number,
  stop: AbortSignal,
  over: ReadonlySet<number> = new Set(),
): Promise<void> {
  for (const until = performance.now() + grace_s * 1000; performance.now() < until && !stop.aborted;) {
    settleIncoming(run);
    if (allTold(run, over)) return;
    await pauseFor(LOOK_MS, stop);
  }
}

function allTold(run: Run<FarmManifest>, over: ReadonlySet<number>): boolean {
  const recorded = shardsWithFiles(run.dir);
  const attempts = listAttempts(run.dir);
  return livePlans(run.manifest).every(({ shard_index }) => {
    if (recorded.has(shard_index) || over.has(shard_index)) return true;
    const last = attempts.get(shard_index)?.at(-1);
    return last !== undefined && (readAttempt(run.dir, shard_index, last)?.end ?? null) !== null;
  });
}
