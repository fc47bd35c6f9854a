import type { ShardRecord } from "../../core/contracts/shard_record.ts";
import { recordHead } from "../../core/record_head.ts";
import { readAttempt, removeAttempt, updateAttempt } from "../shard/attempts.ts";
import type { ShardEnd } from "../shard/fit_shard.ts";
import { readShard } from "../shard/read_shard.ts";
import { settleAttempt } from "../shard/settle_incoming.ts";
import { NOT_MEASURED } from "../shard/shard_record.ts";
import type { Workbench } from "../shard/workbench.ts";
import { FULL_DISK_KB } from "./link.ts";
import type { RemoteEnd, RemoteShard } from "./remote_shard.ts";

/** How long files may take to be seen here that a host wrote on the shared disk. */
export const LATE_FILES_S = 120;
const LOOK_AGAIN_MS = 200;

/**
 * Settles an attempt whose files are in incoming/, or will be seen there soon.
 * @param late_s how long they may take: on a shared disk they are seen late
 */
export async function settleRemote(bench: Workbench, shard: RemoteShard, late_s: number): Promise<ShardEnd> {
  const { run } = bench;
  for (const until = performance.now() + late_s * 1000;;) {
    const committed = settleAttempt(run, shard.plan, shard.id, late_s);
    const found = readShard(run.dir, run.manifest, shard.plan);
    const attempt = readAttempt(run.dir, shard.plan.shard_index, shard.open.attempt.attempt);
    if (attempt?.end) return { kind: "failed", record: attempt.end };
    if (found.kind === "done" && !attempt) {
      return { kind: "done", committed: committed ?? { kind: "equal" }, record: found.metrics.farm };
    }
    if (!attempt) return { kind: "taken" };
    const [cause, said] = late_s > 0 ? NOT_SEEN : NOT_WHOLE;
    if (performance.now() > until) return failRemote(bench, shard, cause, said);
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
}

const NOT_SEEN = ["output", "Its files are not seen here"] as const;
/** The wrapper's notes came as they lie there: only a disk that was full can have taken a part of them. */
const NOT_WHOLE = ["disk", "The notes that it left on its disk are not whole"] as const;

/** Ends an attempt of which its host has nothing whole. */
export function endRemote(bench: Workbench, shard: RemoteShard, end: Exclude<RemoteEnd, { kind: "ended" }>): ShardEnd {
  if (end.kind === "left") return { kind: "taken" };
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

function failRemote(
  { run: { manifest } }: Workbench,
  { plan, open }: RemoteShard,
  cause: ShardRecord["cause"],
  said: string,
): ShardEnd {
  const { attempt } = open;
  const record: ShardRecord = {
    ...recordHead(manifest, plan, attempt.attempt),
    scheduler: attempt.scheduler,
    job_id: attempt.job_id,
    task_id: attempt.task_id,
    slot: attempt.slot,
    wrapper: "sh",
    nsfarm_version: manifest.farm.nsfarm_version,
    nextstat_version: null,
    host: attempt.remote?.host ?? "unknown",
    cpu_model: null,
    cpus_logical: null,
    cpus_physical: null,
    memory_bytes: null,
    kernel: null,
    uptime_s: null,
    ...NOT_MEASURED,
    started_at_utc: attempt.started_at_utc,
    finished_at_utc: new Date().toISOString(),
    cause,
    stderr_tail: [said],
    spec_sha256: manifest.farm.spec_sha256,
    inputs: manifest.farm.inputs,
    nextstat_sha256: null,
    out_sha256: null,
    out_bytes: null,
    environment: {},
  };
  updateAttempt(open, { end: record });
  return { kind: "failed", record };
}
