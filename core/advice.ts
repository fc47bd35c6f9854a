import type { StatusShard } from "./describe_status.ts";
import { FAILURES, type Remedy } from "./failure.ts";
import { plural } from "./format.ts";
import type { Cause } from "./schema/enums.ts";
import type { Fault } from "./schema/scheduler.ts";
import { isEnded, isWaiting, NOT_ANSWERED, NOT_SUBMITTED, STATES } from "./shard_states.ts";
import { PAUSED } from "./steering.ts";

/** Change of a limit: `"more"` than its present value, a given value, or null for no change. */
export type LimitChange = "more" | string | null;

/** Limits of a run that `retry` can raise, and the refusal of its last submission. */
export interface Remedies {
  more_memory: LimitChange;
  more_time: LimitChange;
  /** Message with which the scheduler refused the last submission; null: it was not refused. */
  refusal: string | null;
  /** Words of the option that keeps jobs from the nodes at fault; absent: no option does. */
  avoid?: readonly string[];
}

/** Remedies of a run that this machine cannot rerun. */
export const NO_REMEDIES: Remedies = { more_memory: null, more_time: null, refusal: null };

/** Advice for each remedy, given before or beside the next command; no other table has advice. */
export const ADVICE: Record<Remedy, string> = {
  memory: "give their jobs more memory",
  time: "give their jobs more time, or fewer toys each",
  disk: "free some space first; df -h shows the full disk",
  inputs:
    "restore the spec, its files and nextstat, or render a new run; if nextstat was changed on purpose: retry --accept-changed-nextstat",
  start: "make sure that nextstat is on the host and runs there; try it there by hand",
  node: "rerun elsewhere: their node fails jobs; check that node",
  held: "fix the cause first; retry then cancels the held jobs and submits new ones",
  paused: "resume the run: its waiting jobs are held until then",
  unknown: "ask again when the scheduler answers",
  unanswered: "submit again when the scheduler answers: it searches for the job first, and none is submitted twice",
  going: "nothing is wrong",
  waiting: "submit them: no job has them yet",
  refused: "fix this and submit again; to change options, start a new run with another --run-id",
  cancelled: "rerun, unless they were cancelled on purpose",
  again: "fix the cause first, then retry: a rerun alone fails again; run the fit by hand to see why",
  other: "rerun; if it fails again, read the log",
};

/**
 * What a recovery does with a shard. none: nothing, it goes on by itself; wait: ask again, its state is unknown; submit:
 * no job has it yet; stop: tell, since a rerun would fail again. The others rerun it: with more memory; with more time,
 * or cut in two; on other nodes; as it is.
 */
type RecoveryStep = "none" | "wait" | "submit" | "memory" | "time" | "elsewhere" | "rerun" | "stop";

/** The table of recovery: one step for each remedy, which --recover takes and `doctor` advises. */
export const RECOVERY_STEPS: Readonly<Record<Remedy, RecoveryStep>> = {
  memory: "memory",
  time: "time",
  node: "elsewhere",
  again: "rerun",
  other: "rerun",
  waiting: "submit",
  refused: "submit",
  going: "none",
  paused: "none",
  unknown: "wait",
  unanswered: "submit",
  cancelled: "stop",
  disk: "stop",
  held: "stop",
  inputs: "stop",
  start: "stop",
};

/** Number of equal failures in a row from which a plain rerun is not advised. */
const SAME_AGAIN = 2;

/** Returns the remedy for one shard that is not done. @param one times: how often in a row it ended in this state */
export function remedyOf(
  one: Pick<OpenShard, "state" | "cause" | "fault" | "times"> & { why: string | null },
  { refusal }: Pick<Remedies, "refusal">,
): Remedy {
  const { state, cause, why, fault = null, times = 1 } = one;
  if (state === "queued" && why === NOT_SUBMITTED) return refusal === null ? "waiting" : "refused";
  if (state === "unknown" && why === NOT_ANSWERED) return "unanswered";
  if (state === "held" && why === PAUSED) return "paused";
  if (fault !== null && (isEnded(state) || isWaiting(state))) return fault;
  const known = STATES[state].remedy ?? (cause && FAILURES[cause].remedy);
  if (known === null && state === "cancelled") return "cancelled";
  return known ?? (times >= SAME_AGAIN ? "again" : "other");
}

/** Returns the words of the next command for a run whose open shards need `remedies`; null: none helps or is needed. */
export function nextCommand(
  remedies: ReadonlySet<Remedy>,
  { more_memory, more_time, avoid = [] }: Remedies,
  is_merged: boolean,
): string[] | null {
  const steps = new Set([...remedies].map((one) => RECOVERY_STEPS[one]));
  const only = (...some: RecoveryStep[]) => [...steps].every((one) => some.includes(one));
  if (remedies.size === 0) return is_merged ? null : ["merge", "RUN_DIR"];
  if (remedies.has("paused")) return ["resume", "RUN_DIR"];
  if (steps.has("wait") || only("none")) return ["status", "RUN_DIR", "--watch"];
  if (only("none", "submit")) return remedies.has("refused") ? null : ["submit", "RUN_DIR", "--wait"];
  return [
    ...["retry", "RUN_DIR"],
    ...(steps.has("memory") ? raise("--more-memory", more_memory) : []),
    ...(steps.has("time") ? (more_time === null ? ["--split"] : raise("--more-time", more_time)) : []),
    ...(steps.has("elsewhere") ? avoid : []),
    "--wait",
  ];
}

function raise(flag: string, how: LimitChange): string[] {
  return how === null ? [] : how === "more" ? [flag] : [`${flag}=${how}`];
}

/**
 * Returns why a submitting command has nothing to submit, and the command that continues the run.
 * @param shards number of open shards for each remedy
 * @param on_record the run directory as one word of a command line
 */
export function nothingToSubmit(
  shards: ReadonlyMap<Remedy, number>,
  done: number,
  remedies: Remedies,
  on_record: string,
): string {
  if (shards.size === 0) return `Nothing to submit: all ${done} shards are done`;
  const count = (is: (remedy: Remedy) => boolean) =>
    [...shards].reduce((sum, [remedy, one]) => sum + (is(remedy) ? one : 0), 0);
  const [held, unknown, going] = [count((one) => one === "held"), count((one) => one === "unknown"), count(isOnItsWay)];
  const ended = count((one) => !isOnItsWay(one) && one !== "held" && one !== "unknown");
  const what = [
    ...(ended > 0 ? [`${plural(ended, "shard")} ended without a result`] : []),
    ...(held > 0 ? [`the jobs of ${plural(held, "shard")} are held`] : []),
    ...(unknown > 0 ? [`${plural(unknown, "shard")} may still run (unknown)`] : []),
    ...(going > 0 ? [`${plural(going, "shard")} queued or running`] : []),
    `${done} done`,
  ];
  const remedy = [...shards.keys()].find((one) => !isOnItsWay(one)) ?? "going";
  const words = nextCommand(new Set(shards.keys()), remedies, false)?.map((one) => one === "RUN_DIR" ? on_record : one);
  const go_on = words ? `: nsfarm-deno ${words.join(" ")}` : "";
  return `Nothing to submit: ${what.join(", ")}; ${ADVICE[remedy]}${go_on}`;
}

const isOnItsWay = (remedy: Remedy): boolean => remedy === "going" || remedy === "waiting";

/** Known facts about a shard that is not done. */
export interface OpenShard extends Omit<StatusShard, "fault"> {
  /** Cause of the last attempt that ended. */
  cause: Cause | null;
  /** What its scheduler blames, or its node. */
  fault?: Fault | null;
  /** First line of stderr of that attempt. */
  said: string | null;
  log: string | null;
  /** Number of times in a row that the shard has ended in this way. */
  times?: number;
  /** The fit as a command that a user can type. */
  by_hand?: string[];
}

/** Group of shards with the same problem. */
export interface Issue {
  what: string;
  advice: string;
  shards: number[];
  hosts: string[];
  said: string | null;
  log: string | null;
  /** Command of the first shard's fit, to be typed; null unless a plain rerun would fail again. */
  by_hand: string[] | null;
}

export interface Diagnosis {
  troubles: Issue[];
  /** Words of the command that continues the run; null: no command does. */
  next: string[] | null;
}

/**
 * Groups the open shards of a run by problem, and returns the command that completes the run.
 * @param open each shard that is not done
 */
export function diagnose(open: readonly OpenShard[], remedies: Remedies, is_merged: boolean): Diagnosis {
  const needed = new Set(open.map((one) => remedyOf(one, remedies)));
  return { troubles: troublesOf(open, remedies), next: nextCommand(needed, remedies, is_merged) };
}

/** Groups the open shards of a run of the old scripts; only those scripts can rerun a shard. */
export function diagnoseOld(open: readonly OpenShard[], is_merged: boolean): Diagnosis {
  const troubles = troublesOf(open, NO_REMEDIES).map((one) => ({ ...one, advice: OLD_ADVICE }));
  return { troubles, next: open.length === 0 && !is_merged ? ["merge", "RUN_DIR"] : null };
}

export const OLD_ADVICE =
  "the scripts that rendered the run must run them again, or render a new run of the same seeds";

function troublesOf(open: readonly OpenShard[], remedies: Remedies): Issue[] {
  const found = new Map<string, Issue>();
  for (const one of open) {
    const remedy = remedyOf(one, remedies);
    if (remedy === "going") continue;
    const what = whatOf(one, remedy, remedies);
    // Paths, sizes and process ids differ from shard to shard.
    const key = [remedy, what, one.said ?? ""].join("\n").replaceAll(/\d+/g, "#");
    const known = found.get(key) ?? troubleOf(one, remedy, what);
    known.shards.push(one.shard);
    if (one.host !== null && !known.hosts.includes(one.host)) known.hosts.push(one.host);
    found.set(key, known);
  }
  return [...found.values()].sort((a, b) => b.shards.length - a.shards.length);
}

function troubleOf({ said: printed, log, by_hand }: OpenShard, remedy: Remedy, what: string): Issue {
  return {
    what,
    advice: ADVICE[remedy],
    shards: [],
    hosts: [],
    said: printed,
    log,
    by_hand: remedy === "again" ? by_hand ?? null : null,
  };
}

function whatOf({ state, why, times }: OpenShard, remedy: Remedy, { refusal }: Remedies): string {
  if (remedy === "refused") return `${NOT_SUBMITTED}, the submission was refused: ${refusal}`;
  if (remedy === "waiting") return NOT_SUBMITTED;
  const what = why === "" ? state : `${state}: ${why}`;
  return remedy === "again" ? `${what}, ${times} times in a row` : what;
}
