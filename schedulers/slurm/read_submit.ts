import type { Answer, CommandResult } from "../adapter.ts";
import { isCutShort, saying } from "../command_result.ts";

/**
 * Faults between sbatch and slurmctld, after which the job may be there all the same: the texts of Slurm's
 * communication errors (slurm_errno.h, "communications layer" and "protocol"), and those recorded.
 */
const NO_ANSWER =
  /Unable to contact slurm controller|Socket timed out|timed out|[Cc]onnect(ion)? (failure|refused|reset)|Zero Bytes were transmitted|Unexpected message received|Message (send|receive) failure|Communication (connection|shutdown) failure|Transport endpoint|Broken pipe|[Tt]emporarily un(able|available)|standby mode|Protocol authentication error|Slurm backup controller/;

/** `3`, or `3;cluster` in a federation (sbatch(1), --parsable). Sites print banners around it. */
const ID = /^(\d+)(?:;[^\s;]+)?$/;

/** Source: the recorded answers slurm-sbatch-*; sbatch exits 0 only with a job id. */
export function readSlurmSubmit(result: CommandResult): Answer<string> {
  if (result.spawn_error !== null) return { kind: "refused", message: `sbatch cannot be started: ${saying(result)}` };
  if (isCutShort(result)) return { kind: "unclear", message: saying(result) };
  const id = idIn(result.stdout);
  if (result.exit_code === 0 && id !== undefined) return { kind: "ok", value: id };
  if (result.exit_code === 0 || id !== undefined || result.stderr.trim() === "" || NO_ANSWER.test(result.stderr)) {
    return { kind: "unclear", message: saying(result) };
  }
  return { kind: "refused", message: explain(saying(result)) };
}

function idIn(stdout: string): string | undefined {
  const lines = stdout.split("\n").map((line) => line.trim());
  for (const line of lines.reverse()) {
    const id = ID.exec(line)?.[1] ?? /^Submitted batch job (\d+)/.exec(line)?.[1];
    if (id !== undefined) return id;
  }
  return undefined;
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
