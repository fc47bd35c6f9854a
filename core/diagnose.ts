import { ADVICE, nextCommand, NO_REMEDIES, type Remedies, remedyOf } from "./advice.ts";
import type { Cause, ShardState } from "./contracts/kinds.ts";
import type { Remedy } from "./failure.ts";
import { NOT_SUBMITTED } from "./reconcile.ts";

/** What is known of a shard that is not done. */
export interface Symptom {
  shard: number;
  state: ShardState;
  /** As status words it. */
  why: string;
  host: string | null;
  /** Of its last attempt that ended. */
  cause: Cause | null;
  /** The first line of error that it left. */
  said: string | null;
  /** Where more of it is. */
  log: string | null;
  /** How often in a row it has ended like this. */
  times?: number;
  /** The fit as one may type it. */
  by_hand?: string[];
}

/** Shards that have one thing wrong with them. */
export interface Trouble {
  what: string;
  advice: string;
  shards: number[];
  hosts: string[];
  said: string | null;
  log: string | null;
  /** The fit of the first of them, to be typed, where running it again by itself will not help. */
  by_hand: string[] | null;
}

export interface Diagnosis {
  troubles: Trouble[];
  /** The words of the command that goes on with the run; null: no command does. */
  next: string[] | null;
}

/**
 * Groups what is wrong with a run by its cause, and says what finishes it.
 * @param symptoms of the shards that are not done
 */
export function diagnose(symptoms: readonly Symptom[], remedies: Remedies, is_merged: boolean): Diagnosis {
  const needed = new Set(symptoms.map((one) => remedyOf(one, remedies)));
  return { troubles: troublesOf(symptoms, remedies), next: nextCommand(needed, remedies, is_merged) };
}

/** The same of a run of the old scripts, of which only they can run a shard again. */
export function diagnoseOld(symptoms: readonly Symptom[], is_merged: boolean): Diagnosis {
  const troubles = troublesOf(symptoms, NO_REMEDIES).map((one) => ({ ...one, advice: OLD_ADVICE }));
  return { troubles, next: symptoms.length === 0 && !is_merged ? ["merge", "RUN_DIR"] : null };
}

export const OLD_ADVICE =
  "the scripts that rendered the run must run them again, or render a new run of the same seeds";

function troublesOf(symptoms: readonly Symptom[], remedies: Remedies): Trouble[] {
  const found = new Map<string, Trouble>();
  for (const one of symptoms) {
    const remedy = remedyOf(one, remedies);
    if (remedy === "going") continue;
    const what = whatOf(one, remedy, remedies);
    // Numbers differ from shard to shard: paths, sizes, process ids.
    const key = [remedy, what, one.said ?? ""].join("\n").replaceAll(/\d+/g, "#");
    const known = found.get(key) ?? troubleOf(one, remedy, what);
    known.shards.push(one.shard);
    if (one.host !== null && !known.hosts.includes(one.host)) known.hosts.push(one.host);
    found.set(key, known);
  }
  return [...found.values()].sort((a, b) => b.shards.length - a.shards.length);
}

function troubleOf({ said, log, by_hand }: Symptom, remedy: Remedy, what: string): Trouble {
  return {
    what,
    advice: ADVICE[remedy],
    shards: [],
    hosts: [],
    said,
    log,
    by_hand: remedy === "again" ? by_hand ?? null : null,
  };
}

function whatOf({ state, why, times }: Symptom, remedy: Remedy, { refusal }: Remedies): string {
  if (remedy === "refused") return `${NOT_SUBMITTED}, the submission was refused: ${refusal}`;
  if (remedy === "waiting") return NOT_SUBMITTED;
  const what = why === "" ? state : `${state}: ${why}`;
  return remedy === "again" ? `${what}, ${times} times in the same way` : what;
}
