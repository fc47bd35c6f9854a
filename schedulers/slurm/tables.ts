import type { ShardState } from "../../core/schema/enums.ts";
import type { Fault } from "../../core/schema/scheduler.ts";

interface StateRow {
  state: ShardState;
  /** Words, if the reason code has none that are better. */
  words: string | null;
  fault?: Fault;
}

const row = (state: ShardState, words: string | null = null): StateRow => ({ state, words });

const ofNode = (words: string): StateRow => ({ state: "failed", words, fault: "node" });

/**
 * Every state of a Slurm job. Sources: squeue(1) and sacct(1), JOB STATE CODES, of 24.11, and
 * https://slurm.schedmd.com/job_state_codes.html. The words are for jobs without a record; records describe the others.
 */
export const SLURM_STATES: Readonly<Record<string, StateRow>> = {
  // base states
  BOOT_FAIL: ofNode("its node did not start"),
  CANCELLED: row("cancelled", "cancelled with scancel, or by the site"),
  COMPLETED: row("done"),
  DEADLINE: row("timed_out", "its deadline has passed"),
  FAILED: row("failed", "the job ended with an error"),
  NODE_FAIL: ofNode("its node went down"),
  OUT_OF_MEMORY: row("out_of_memory", "it used more memory than the job requested"),
  PENDING: row("queued"),
  PREEMPTED: row("preempted", "preempted by a job of higher priority"),
  RUNNING: row("running"),
  SUSPENDED: row("held", "suspended by the site or by scontrol suspend; scontrol resume resumes it"),
  TIMEOUT: row("timed_out", "it reached the job's time limit (--slurm-time)"),
  // flags, shown in place of a base state
  COMPLETING: row("running", "it has ended; Slurm is cleaning up"),
  CONFIGURING: row("running", "its node is being made ready"),
  EXPEDITING: row("queued", "Slurm is starting it again with priority"),
  LAUNCH_FAILED: ofNode("Slurm could not start it on its node"),
  POWER_UP_NODE: row("running", "its node is being switched on"),
  RECONFIG_FAIL: ofNode("its node could not be made ready"),
  REQUEUED: row("queued", "Slurm starts it once more"),
  REQUEUE_FED: row("queued", "another cluster of the federation starts it once more"),
  REQUEUE_HOLD: row("held", "Slurm put it back into the queue and holds it; scontrol release resumes it"),
  RESIZING: row("running"),
  RESV_DEL_HOLD: row("held", "its reservation was deleted; scontrol release lets it start without it"),
  REVOKED: row("lost", "another cluster of the federation has started it"),
  SIGNALING: row("running", "Slurm is sending it a signal"),
  SPECIAL_EXIT: row("held", "set aside by the site; scontrol release resumes it"),
  STAGE_OUT: row("running", "its data are being copied"),
  STOPPED: row("held", "stopped by the site or by a signal; scancel --signal=CONT resumes it"),
  UPDATE_DB: row("running"),
};

/** Returns the row of a state; sacct writes `CANCELLED by 1000` and truncates long words with `+` (sacct(1)). */
export function slurmState(native: string): StateRow {
  const word = native.trim().split(/[\s+]/)[0]?.toUpperCase() ?? "";
  const known = Object.hasOwn(SLURM_STATES, word) ? SLURM_STATES[word] : undefined;
  return known ?? row("unknown", `Slurm says "${native}", which nsfarm-deno does not know`);
}

interface ReasonRow {
  code: RegExp;
  words: string;
  /** Whether the job will never start by itself. */
  stuck?: true;
}

/**
 * Slurm's reason codes in words; the first match counts. Sources: squeue(1), JOB REASON CODES, and
 * https://slurm.schedmd.com/job_reason_codes.html; recorded: slurm-squeue-*.
 */
export const SLURM_REASONS: readonly ReasonRow[] = [
  { code: /^Resources$/, words: "all suitable nodes are busy" },
  { code: /^Priority$/, words: "other jobs go first" },
  { code: /^JobArrayTaskLimit$/, words: "--slurm-throttle limits how many jobs of its array run at a time" },
  { code: /^BeginTime$/, words: "it may not start yet: a begin time is set, or Slurm restarts it after a fault" },
  { code: /^Dependency$/, words: "it waits for another job" },
  { code: /^Licenses$/, words: "it waits for a licence" },
  { code: /^(Prolog|Cleaning|SchedDefer|FedJobLock|WaitingForScheduling)$/, words: "Slurm is preparing it" },
  { code: /^Reservation$/, words: "its reservation has not begun" },
  {
    code: /^ReqNodeNotAvail|^NodeDown$|^NodesDrained/,
    words: "the nodes that it needs are down, drained or reserved (sinfo -R says why)",
  },
  { code: /^Nodes? required for job are DOWN/, words: "the nodes that it needs are down, drained or reserved" },
  { code: /^(PartitionDown|PartitionInactive)$/, words: "its partition is closed; sinfo shows those that are open" },

  {
    code: /^JobHeldUser$/,
    words: "held by you or in your name (scontrol hold); scontrol release lets it start",
    stuck: true,
  },
  { code: /^JobHeldAdmin$/, words: "held by an administrator; only they can release it", stuck: true },
  {
    code: /^JobHoldMaxRequeue$|launch failed requeued held/,
    words: "held because Slurm repeatedly failed to start it; its node may be broken (--slurm-exclude)",
    stuck: true,
  },
  { code: /^DependencyNeverSatisfied$/, words: "it waits for a job that failed, so it will never start", stuck: true },
  {
    code: /^PartitionTimeLimit$/,
    words: "it requests more time than its partition allows, so it will never start (--slurm-time)",
    stuck: true,
  },
  {
    code: /^(PartitionNodeLimit|PartitionConfig)$/,
    words: "its partition does not allow such a job, or its nodes are down (--slurm-partition)",
    stuck: true,
  },
  {
    code: /^BadConstraints$/,
    words: "no node fits its --slurm-constraint, so it will never start",
    stuck: true,
  },
  { code: /^Constraints$/, words: "no node fits its --slurm-constraint at present" },
  { code: /^InvalidAccount$/, words: "its account is not valid here (--slurm-account)", stuck: true },
  { code: /^AccountNotAllowed$/, words: "its account may not use this partition (--slurm-account)", stuck: true },
  { code: /^(InvalidQOS|QOSNotAllowed)$/, words: "its QOS is not valid here (--slurm-qos)", stuck: true },
  { code: /^ReservationDeleted$/, words: "its reservation was deleted (--slurm-reservation)", stuck: true },
  {
    code: /^MaxMemPerLimit$/,
    words: "it requests more memory than the site allows, so it will never start (--slurm-memory)",
    stuck: true,
  },
  { code: /^DeadLine$/, words: "it cannot end before its deadline", stuck: true },
  {
    code: /^(AssocMax|QOSMax|Max).*Per(Job|Node)|^QOSMin|^AssociationTimeLimit$|^QOSTimeLimit$/,
    words: "it requests more than one job may have here, so it will never start",
    stuck: true,
  },
  {
    code: /SubmitJob|JobsLimit|JobsPer|JobLimit$/,
    words: "you or your group have reached the site's limit on jobs at a time",
  },
  {
    code: /^(AssocGrp|QOSGrp|AssocMax|QOSMax|Max|AssociationResourceLimit|QOSResourceLimit|AccountingPolicy|QOSUsage)/,
    words: "you or your group have used up the site's limit on resources",
  },
  { code: /^BurstBuffer/, words: "it waits for the burst buffer" },
];

/** Reason codes that explain a job's end; the other codes mean nothing for an ended job (NODE_FAIL has NodeDown). */
export const SLURM_END_REASONS: readonly ReasonRow[] = [
  { code: /^NonZeroExitCode$/, words: "the job ended with an error" },
  { code: /^RaisedSignal:9\b/, words: "killed (SIGKILL): by hand, or because it used too much memory" },
  { code: /^RaisedSignal/, words: "killed by a signal" },
  { code: /^TimeLimit$/, words: "it reached the job's time limit (--slurm-time)" },
  { code: /^OutOfMemory$/, words: "it used more memory than the job requested (--slurm-memory)" },
  { code: /^JobLaunchFailure$/, words: "Slurm could not start it: a file system or program was missing on the node" },
  { code: /^(SystemFailure|InactiveLimit)$/, words: "Slurm itself or its node failed" },
];

/** Returns the row of a reason code, of those of a waiting or of a failed job; undefined: it says nothing, or is unknown. */
export const slurmReason = (code: string, rows = SLURM_REASONS): ReasonRow | undefined =>
  rows.find((row) => row.code.test(code.trim()));
