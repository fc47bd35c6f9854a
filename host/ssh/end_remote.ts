import { pauseFor } from "../machine/pause_for.ts";
import type { ShardRecord } from "../../core/contracts/shard_record.ts";
import { lostRecord } from "../../core/record.ts";
import { readAttempt, removeAttempt, updateAttempt } from "../shard/attempts.ts";
import type { Committed } from "../shard/commit_shard.ts";
import type { ShardEnd } from "../shard/fit_shard.ts";
import { readShard } from "../shard/read_shard.ts";
import { settleAttempt } from "../shard/settle_incoming.ts";
import type { Workbench } from "../shard/workbench.ts";
import { FULL_DISK_KB } from "./link.ts";
import type { RemoteEnd, RemoteShard } from "./remote_shard.ts";

const LOOK_AGAIN_MS = 200;

/**
 * Settles an attempt whose files are in incoming/, or will be seen there soon.
 * @param late_s how long they may take: on a shared disk they are seen late
 */
export async function settleRemote(bench: Workbench, shard: RemoteShard, late_s: number): Promise<ShardEnd> {
  const { run } = bench;
  let done_since = Infinity;
  for (const until = performance.now() + Math.max(late_s * 1000, TAKING_IN_MS);;) {
    const end = endTakenIn(bench, shard, settleAttempt(run, shard.plan, shard.id, late_s));
    if (end) return end;
    const isDone = readShard(run.dir, run.manifest, shard.plan).kind === "done";
    done_since = isDone ? Math.min(done_since, performance.now()) : Infinity;
    if (performance.now() - done_since > TAKING_IN_MS) {
      // Whoever saw the whole run done has removed what was left in incoming/.
      endSuperseded(bench, shard, "Another attempt did this shard before its files were seen");
      return { kind: "taken" };
    }
    const [cause, said] = late_s > 0 ? NOT_SEEN : NOT_WHOLE;
    if (!isDone && performance.now() > until) return failRemote(bench, shard, cause, said);
    await pauseFor(LOOK_AGAIN_MS);
  }
}

/** Between the commit of a shard and the end of its attempt, another process that takes it in needs less than this. */
const TAKING_IN_MS = 2000;

const NOT_SEEN = ["output", "Its files are not seen here"] as const;
/** The wrapper's notes came as they lie there: only a disk that was full can have taken a part of them. */
const NOT_WHOLE = ["disk", "The notes that it left on its disk are not whole"] as const;

/**
 * How an attempt ended that another process has taken in: on a shared disk any look at the run does so. Undefined while
 * nobody has: then its file is there, without an end. On NFS too the file is read anew (close-to-open consistency).
 */
function endTakenIn({ run }: Workbench, { plan, open }: RemoteShard, committed?: Committed): ShardEnd | undefined {
  const found = readShard(run.dir, run.manifest, plan);
  const attempt = readAttempt(run.dir, plan.shard_index, open.attempt.attempt);
  if (attempt?.end) return { kind: "failed", record: attempt.end };
  if (attempt) return undefined;
  if (found.kind !== "done") return { kind: "taken" };
  return { kind: "done", committed: committed ?? { kind: "equal" }, record: found.metrics.farm };
}

/** Ends an attempt of which its host has nothing whole, unless another process has taken in its end before. */
export function endRemote(bench: Workbench, shard: RemoteShard, end: Exclude<RemoteEnd, { kind: "ended" }>): ShardEnd {
  if (end.kind === "left") return { kind: "taken" };
  const taken = endTakenIn(bench, shard);
  if (taken) return taken;
  if (end.kind === "absent") {
    removeAttempt(shard.open);
    return { kind: "taken" };
  }
  const full = end.free_kb !== null && end.free_kb < FULL_DISK_KB;
  const said = full
    ? "No space left on its disk"
    : `Its process is gone and left no end${end.said ? `: ${end.said}` : ""}`;
  return failRemote(bench, shard, full ? "disk" : "signal", said);
}

function failRemote(bench: Workbench, shard: RemoteShard, cause: ShardRecord["cause"], said: string): ShardEnd {
  const { run: { manifest } } = bench;
  const { plan, open } = shard;
  const record = lostRecord(manifest, plan, open.attempt, said, open.attempt.remote?.stopped_for ?? cause);
  if (updateAttempt(open, { end: record })) return { kind: "failed", record };
  return endTakenIn(bench, shard) ?? { kind: "taken" };
}

/** Gives an attempt its end whose shard another attempt did. */
export function endSuperseded(
  { run: { dir, manifest } }: Workbench,
  { plan, open }: RemoteShard,
  message = "Its host could not be reached, and another attempt did this shard",
): void {
  if (readAttempt(dir, plan.shard_index, open.attempt.attempt)?.end !== null) return;
  updateAttempt(open, { end: lostRecord(manifest, plan, open.attempt, message, "terminated") });
}
