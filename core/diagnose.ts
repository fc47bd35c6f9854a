import type { Cause, ShardState } from "./contracts/kinds.ts";

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
}

/** How a limit can be raised: to twice what it was, to a value, or not at all. */
export type Raise = "twice" | string | null;

/** What can be done about a run: raise the limits of its jobs, in the way that its scheduler has. */
export interface Remedies {
  more_memory: Raise;
  more_time: Raise;
}

/** Shards that have one thing wrong with them. */
export interface Trouble {
  what: string;
  advice: string;
  shards: number[];
  hosts: string[];
  said: string | null;
  log: string | null;
}

export interface Diagnosis {
  troubles: Trouble[];
  /** The words of the command that goes on with the run; null: there is nothing left to do. */
  next: string[] | null;
}

type Kind = "memory" | "time" | "disk" | "inputs" | "start" | "held" | "unknown" | "going" | "waiting" | "other";

const ADVICE: Record<Kind, string> = {
  memory: "they need more memory than their jobs had",
  time: "they need more time than their jobs had, or fewer toys each",
  disk: "free some space first: df -h shows where there is none",
  inputs:
    "put back the spec, its files and nextstat as they were, or render a new run; a nextstat that was changed on purpose: retry --accept-changed-nextstat",
  start: "nextstat must be there, and run, on the host: try it there by hand",
  held: "nothing happens before the cause is mended; retry takes the held jobs away",
  unknown: "ask again when the scheduler answers",
  going: "nothing is wrong",
  waiting: "they were not submitted yet",
  other: "run again; if it comes back, read the log",
};

const GOING = new Set<ShardState>(["running", "queued"]);

function kindOf({ state, cause, why }: Symptom): Kind {
  if (state === "queued" && why === "not submitted") return "waiting";
  if (state === "held" || state === "unknown") return state;
  if (GOING.has(state)) return "going";
  if (state === "out_of_memory" || cause === "memory") return "memory";
  if (state === "timed_out" || cause === "time") return "time";
  if (cause === "disk") return "disk";
  if (cause === "version") return "inputs";
  return cause === "spawn" ? "start" : "other";
}

/**
 * Groups what is wrong with a run by its cause, and says what finishes it.
 * @param symptoms of the shards that are not done
 */
export function diagnose(symptoms: readonly Symptom[], remedies: Remedies, is_merged: boolean): Diagnosis {
  const kinds = new Set(symptoms.map(kindOf));
  return { troubles: troublesOf(symptoms), next: nextWords(kinds, remedies, is_merged) };
}

/** The same of a run of the old scripts, of which only they can run a shard again. */
export function diagnoseOld(symptoms: readonly Symptom[], is_merged: boolean): Diagnosis {
  const troubles = troublesOf(symptoms).map((one) => ({ ...one, advice: OLD_ADVICE }));
  return { troubles, next: symptoms.length === 0 && !is_merged ? ["merge", "RUN_DIR"] : null };
}

const OLD_ADVICE = "the scripts that rendered the run must run them again, or render a new run of the same seeds";

function troublesOf(symptoms: readonly Symptom[]): Trouble[] {
  const found = new Map<string, Trouble>();
  for (const one of symptoms) {
    const kind = kindOf(one);
    if (kind === "going") continue;
    const what = one.why === "" ? one.state : `${one.state}: ${one.why}`;
    // Numbers differ from shard to shard: paths, sizes, process ids.
    const key = [kind, what, one.said ?? ""].join("\n").replaceAll(/\d+/g, "#");
    const known = found.get(key) ?? { what, advice: ADVICE[kind], shards: [], hosts: [], said: one.said, log: one.log };
    known.shards.push(one.shard);
    if (one.host !== null && !known.hosts.includes(one.host)) known.hosts.push(one.host);
    found.set(key, known);
  }
  return [...found.values()].sort((a, b) => b.shards.length - a.shards.length);
}

function nextWords(
  kinds: ReadonlySet<Kind>,
  { more_memory, more_time }: Remedies,
  is_merged: boolean,
): string[] | null {
  if (kinds.size === 0) return is_merged ? null : ["merge", "RUN_DIR"];
  if (kinds.has("unknown")) return ["status", "RUN_DIR", "--watch"];
  if ([...kinds].every((kind) => kind === "going" || kind === "waiting")) return ["submit", "RUN_DIR", "--wait"];
  return [
    ...["retry", "RUN_DIR"],
    ...(kinds.has("memory") ? raise("--more-memory", more_memory) : []),
    ...(kinds.has("time") ? (more_time === null ? ["--split"] : raise("--more-time", more_time)) : []),
    "--wait",
  ];
}

function raise(flag: string, how: Raise): string[] {
  return how === null ? [] : how === "twice" ? [flag] : [`${flag}=${how}`];
}
