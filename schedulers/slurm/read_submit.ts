import type { CommandResult, SubmitAnswer } from "../adapter.ts";
import { isCutShort, readIds, saying } from "../command_result.ts";

/**
 * Faults between sbatch and slurmctld, after which the job may appear later all the same: the texts of Slurm's
 * communication errors (slurm_errno.h, "communications layer" and "protocol"), and those recorded.
 */
const NO_ANSWER =
  /Unable to contact slurm controller|Socket timed out|timed out|[Cc]onnect(ion)? (failure|refused|reset)|Zero Bytes were transmitted|Unexpected message received|Message (send|receive) failure|Communication (connection|shutdown) failure|Transport endpoint|Broken pipe|[Tt]emporarily un(able|available)|standby mode|Protocol authentication error|Slurm backup controller/;

/**
 * Refusals, after which nothing is queued: sbatch's own before it calls slurmctld (recorded: slurm-sbatch-crlf,
 * -empty-script, -no-script), and the texts of slurmctld's errors for a job that cannot be (slurm_errno.h, "Job
 * submission"; recorded: slurm-sbatch-array-too-large, -bad-partition, -dep-bad, -mem-too-large).
 */
const REFUSALS = [
  /DOS line breaks|does not look like a batch script|Unable to open file|(unrecognized|invalid|ambiguous) option|requires an argument/,
  /Invalid (job array|partition name|account|qos|feature|generic resource|license|wckey|cluster name|node count)/i,
  /Job dependency problem|Job violates accounting\/QOS policy|[A-Z][A-Za-z]*(Max|Grp)[A-Za-z]*Limit/,
  /Requested (node configuration is not available|time limit is invalid|partition configuration not available|reservation)/,
  /More processors requested than permitted|group not permitted to use this partition|Access\/permission denied/,
  /(Memory|CPU count) specification can not be satisfied|CPU count per node can not be satisfied/,
];

/** `3`, or `3;cluster` in a federation (sbatch(1), --parsable). Sites print banners around it. */
const ID = /^(\d+)(?:;[^\s;]+)?$|^Submitted batch job (\d+)/;

/** Source: the recorded answers slurm-sbatch-*; sbatch exits 0 only with a job id. */
export function readSlurmSubmit(result: CommandResult): SubmitAnswer {
  if (result.spawn_error !== null) return { kind: "refused", message: `sbatch cannot be started: ${saying(result)}` };
  if (isCutShort(result)) return { kind: "unclear", message: saying(result) };
  const read = readIds(result, ID);
  if (read) return read;
  const { exit_code, stderr } = result;
  if (exit_code === 0 || stderr.trim() === "" || NO_ANSWER.test(stderr)) {
    return { kind: "unclear", message: saying(result) };
  }
  const message = explain(saying(result));
  if (REFUSALS.some((words) => words.test(stderr))) return { kind: "refused", message };
  return { kind: "unclear", answered: true, message };
}

/** What a person can do about sbatch's commonest refusals. */
const ADVICE: [RegExp, string][] = [
  [/Invalid job array specification/, "the array is larger than this Slurm allows; render the run on this machine"],
  [
    /AssocMaxSubmitJobLimit|QOSMaxSubmitJob|MaxSubmitJob|submit limit|job submit limit/,
    "you have too many jobs in the queue; wait, or put several shards into a job with --shards-per-job",
  ],
  [/Invalid partition name/, "sinfo lists the partitions; choose one with --slurm-partition"],
  [/Invalid account/, "sacctmgr show user $USER withassoc lists your accounts; choose one with --slurm-account"],
  [/Invalid qos/, "choose another one with --slurm-qos"],
  [
    /Requested node configuration is not available|Memory specification can not be satisfied/,
    "no node has so many CPUs or so much memory; ask for less",
  ],
  [/Requested time limit is invalid/, "the partition's longest time is less; sinfo shows it"],
  [/Invalid feature specification/, "no node has the feature of --slurm-constraint"],
  [/Invalid generic resource/, "no node has the resource of --slurm-gres"],
  [/reservation is invalid/, "scontrol show reservation lists what --slurm-reservation can name"],
  [/DOS line breaks/, "the script was edited on Windows; render the run again"],
];

function explain(message: string): string {
  const advice = ADVICE.find(([pattern]) => pattern.test(message))?.[1];
  return advice === undefined ? message : `${message} (${advice})`;
}
