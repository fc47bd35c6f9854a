import type { ShardState } from "../../core/contracts/kinds.ts";

interface StateRow {
  state: ShardState;
  /** In words, where the reason code says nothing better. */
  words: string | null;
}

const row = (state: ShardState, words: string | null = null): StateRow => ({ state, words });

/**
 * Every state of a Slurm job. Sources: squeue(1) and sacct(1), JOB STATE CODES, of 24.11, and
 * https://slurm.schedmd.com/job_state_codes.html. What a job did before it ended is in its shards' records; these words
 * are for jobs that left none.
 */
export const SLURM_STATES: Readonly<Record<string, StateRow>> = {
  // base states
  BOOT_FAIL: row("failed", "its node did not start"),
  CANCELLED: row("cancelled", "cancelled with scancel, or by the site"),
  COMPLETED: row("done"),
  DEADLINE: row("timed_out", "its deadline has passed"),
  FAILED: row("failed", "the job ended with an error"),
  NODE_FAIL: row("failed", "its node went down"),
  OUT_OF_MEMORY: row("out_of_memory", "it used more memory than the job asked for"),
  PENDING: row("queued"),
  PREEMPTED: row("preempted", "it had to make room for a job of higher priority"),
  RUNNING: row("running"),
  SUSPENDED: row("held", "suspended by the site or by scontrol suspend; scontrol resume lets it go on"),
  TIMEOUT: row("timed_out", "it ran into the job's time limit (--slurm-time)"),
  // flags, shown in place of a base state
  COMPLETING: row("running", "it has ended; Slurm is cleaning up"),
  CONFIGURING: row("running", "its node is being made ready"),
  EXPEDITING: row("queued", "Slurm is starting it again with priority"),
  LAUNCH_FAILED: row("failed", "Slurm could not start it on its node"),
  POWER_UP_NODE: row("running", "its node is being switched on"),
  RECONFIG_FAIL: row("failed", "its node could not be made ready"),
  REQUEUED: row("queued", "Slurm starts it once more"),
  REQUEUE_FED: row("queued", "another cluster of the federation starts it once more"),
  REQUEUE_HOLD: row("held", "Slurm put it back into the queue and holds it; scontrol release lets it go on"),
  RESIZING: row("running"),
  RESV_DEL_HOLD: row("held", "its reservation was deleted; scontrol release lets it go on without"),
  REVOKED: row("lost", "another cluster of the federation has started it"),
  SIGNALING: row("running", "it is being told to stop"),
  SPECIAL_EXIT: row("held", "the site has set it aside; scontrol release lets it go on"),
  STAGE_OUT: row("running", "its data are being copied"),
  STOPPED: row("held", "stopped by the site or by a signal; scancel --signal=CONT lets it go on"),
  UPDATE_DB: row("running"),
};

/** sacct writes `CANCELLED by 1000` and cuts long words short with `+` (sacct(1)). */
export function slurmState(native: string): StateRow {
  const word = native.trim().split(/[\s+]/)[0]?.toUpperCase() ?? "";
  const known = Object.hasOwn(SLURM_STATES, word) ? SLURM_STATES[word] : undefined;
  return known ?? row("unknown", `Slurm says "${native}", which nsfarm-deno does not know`);
}
