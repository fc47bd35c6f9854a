import type { EXIT_CODES } from "./errors.ts";
import {
  ASIDE,
  ATTEMPTS,
  CLAIMS,
  FETCHED,
  HOSTS,
  INCOMING,
  LOGS,
  MANIFEST,
  MERGE_STATUS,
  MERGED,
  metricsName,
  ON_END,
  outName,
  stderrName,
  stdoutName,
  STEERING,
  SUBMIT_META,
} from "./run_paths.ts";

/** Row of help, manual page and docs/reference: a name and its meaning. */
export type ReferenceRow = readonly [name: string, meaning: string];

/** Meanings of the exit codes, in the order of their listing. */
export const EXIT_MEANINGS: Readonly<Record<keyof typeof EXIT_CODES, string>> = {
  done: "done",
  bug: "internal error; please report it",
  usage: "wrong usage",
  input: "a bad input file",
  unreachable: "a scheduler or host could not be reached",
  shards: "shards failed, missing or not finished, or merged.out.json does not hold the whole run",
  guardrails: "guardrails failed; merged.out.json is written. Also of status --check, doctor, verify and sweeps",
  interrupted: "interrupted (Ctrl-C); finished shards are kept",
  terminated: "terminated (SIGTERM); finished shards are kept",
};

/** Environment variables that a user may set. */
export const ENVIRONMENT: readonly ReferenceRow[] = [
  ["NSFARM_PROFILE", "path of a profile, used when --profile is not given"],
  ["NSFARM_PLUGINS", "paths of scheduler plugins, separated by ':'"],
  ["PATH", "where nextstat is searched, after the folder of nsfarm-deno itself"],
  ["XDG_CONFIG_HOME", "folder that holds nsfarm-deno/profile.jsonc (default: ~/.config)"],
  ["XDG_STATE_HOME", "folder that holds nsfarm-deno/nodes/ (default: ~/.local/state)"],
  ["XDG_RUNTIME_DIR", "folder for the sockets of ssh connections (default: /tmp)"],
  ["NO_COLOR", "if set, print no colours"],
];

export const RUN_FILES: readonly ReferenceRow[] = [
  [MANIFEST, "what was requested, and after collect the result of each shard"],
  [outName(0), "nextstat's output of shard 0; has this name only when it is whole and checked"],
  [metricsName(0), "its metrics and record (host, times, CPU, memory, cause, sha256); with it the shard is done"],
  [MERGED, "all toys in order, like one unsharded nextstat output"],
  [MERGE_STATUS, "whether the last merge succeeded, or what is wrong"],
  [SUBMIT_META, "every submission: token, job id, time, command"],
  [STEERING, "what pause, throttle and pilots asked of the run; absent: nothing"],
  [`${ATTEMPTS}/`, "attempts that are running, or that ended without a result, and how they ended"],
  [`${INCOMING}/`, "results that are not checked yet"],
  [`${FETCHED}/`, "results that were just fetched from a scheduler that keeps them (`--condor-spool`)"],
  [`${CLAIMS}/`, "worker loops and pilots, with their heartbeats"],
  [`${ASIDE}/`, "results that were not valid; they are kept, and count for nothing"],
  [`${LOGS}/`, "output of the scheduler's jobs"],
  [`${HOSTS}/`, "which ssh hosts hold a folder of this run"],
  [`${stdoutName(0)}, ${stderrName(0)}`, "output of shard 0's nextstat, if there was any"],
  [`${ON_END}*`, "marks of the ends of the run for which the command of --on-end was started; they stay"],
  [".*lock", "empty files that writers lock; they stay"],
];

/** Files outside of a run directory. */
export const OTHER_FILES: readonly ReferenceRow[] = [
  [
    "ID.sweep.json, ID.limit.json, ID.inject.json",
    "the runs of a sweep, limit or injection study, which lie beside it",
  ],
  [
    "ID.report.html",
    "the page of a sweep, limit or injection study; of a limit at another level: ID.cl0.9.report.html",
  ],
  ["nsfarm-deno.jsonc", "profile beside the program; also .json, .yaml and .yml"],
  ["~/.config/nsfarm-deno/profile.jsonc", "your own profile, used if there is none beside the program"],
  ["~/.local/state/nsfarm-deno/nodes/", "nodes that failed in your runs; `nsfarm-deno nodes` lists them"],
  ["schedulers/", "a folder beside the program with scheduler plugins"],
];
