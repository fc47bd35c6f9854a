import { ADVICE, RECOVERY_STEPS, remedyOf } from "./advice.ts";
import { FAILURES } from "./failure.ts";
import { type ShardOnNode, withNodeFaults } from "./faulty_nodes.ts";
import { plural } from "./format.ts";
import { moreMemory, moreTime } from "./job_limits.ts";
import type { OptionValue } from "./schema/manifest.ts";
import { isEnded, isWaiting, STATES } from "./shard_states.ts";

/** A shard of a run, done or not, as a recovery sees it. */
export interface RecoverableShard extends ShardOnNode {
  n_toys: number;
  /** Number of times in a row that it has ended in the same way. */
  times: number;
}

/** What earlier recoveries did for a shard; from the history of the manifest. */
export interface EarlierRecovery {
  /** Number of recoveries of the shard, and of those that it is a piece of. */
  count: number;
  /** Whether the last one is on record, and no job was submitted for the shard after that. */
  is_pending: boolean;
  /** Whether its last job had other limits than a job would have now. */
  had_less: { memory: boolean; time: boolean };
}

/** Limits that a recovery may raise, and how far; null: the scheduler has no such option. */
export interface RecoveryLimits {
  /** now: undefined: the run has no value. most_mib: memory of the largest node; null: unknown. */
  memory: { name: string; now: OptionValue | undefined; first: OptionValue; most_mib: number | null } | null;
  /** most_s: the longest time that the queue allows; null: no limit; undefined: unknown. */
  time: { name: string; now: OptionValue | undefined; most_s: number | null | undefined } | null;
  /** Name of the option that keeps jobs from nodes; null: there is none. */
  nodes: string | null;
  /** Number of nodes that are not avoided yet; null: unknown. */
  n_nodes: number | null;
  /** Nodes that jobs avoid already. */
  avoided: readonly string[];
}

/** Shards that are rerun for the same reason in the same way. */
export interface RecoveryAction {
  step: "memory" | "time" | "cut" | "elsewhere" | "rerun";
  /** Reason in words: `out of memory`. */
  what: string;
  shards: number[];
}

export interface Recovery {
  actions: RecoveryAction[];
  /** New values of the limits that it raises, by the option's name. */
  changes: Record<string, OptionValue>;
  /** Nodes that jobs avoid from now on. */
  avoid: string[];
  /** Shards that no job has: never submitted, or planned before by a recovery that could not submit them. */
  submit: number[];
  give_up: { shards: number[]; why: string }[];
  /** Shards with an unknown state. */
  wait: number[];
}

/** How often a recovery may rerun a shard. */
export interface RecoveryBounds {
  /** Number of recoveries of a shard. */
  most: number;
  /** Whether a person has just asked for the run, so that cancelled shards are rerun. */
  by_hand: boolean;
}

type Choice = { step: RecoveryAction["step"]; what: string } | { stop: string } | "submit" | "wait" | null;

/**
 * Returns what to do with the shards of a run: the present table, applied to each. A shard that is done, runs, or has an
 * unknown state is never rerun, and no shard more than `most` times.
 * @param earlier returns what was done for a shard before
 */
export function recoverySteps(
  shards: readonly RecoverableShard[],
  limits: RecoveryLimits,
  earlier: (shard: number) => EarlierRecovery,
  bounds: RecoveryBounds,
): Recovery {
  const table = new RecoveryTable(limits, bounds);
  for (const one of withNodeFaults(shards)) table.add(one, earlier(one.shard));
  return table.recovery;
}

class RecoveryTable {
  readonly recovery: Recovery = { actions: [], changes: {}, avoid: [], submit: [], give_up: [], wait: [] };

  constructor(readonly limits: RecoveryLimits, readonly bounds: RecoveryBounds) {}

  add(one: RecoverableShard, earlier: EarlierRecovery): void {
    const choice = this.#choose(one, earlier);
    const { actions, give_up, submit, wait } = this.recovery;
    if (choice === null) return;
    if (choice === "submit") submit.push(one.shard);
    else if (choice === "wait") wait.push(one.shard);
    else if ("stop" in choice) {
      const group = give_up.find(({ why }) => why === choice.stop);
      if (group) group.shards.push(one.shard);
      else give_up.push({ shards: [one.shard], why: choice.stop });
    } else {
      const group = actions.find(({ step, what }) => step === choice.step && what === choice.what);
      if (group) group.shards.push(one.shard);
      else actions.push({ ...choice, shards: [one.shard] });
    }
  }

  #choose(one: RecoverableShard, earlier: EarlierRecovery): Choice {
    const { state, why, cause, fault, times } = one;
    if (state === "done" || state === "running") return null;
    const remedy = remedyOf({ state, why, cause, fault, times: 1 }, { refusal: null });
    const step = remedy === "cancelled" && this.bounds.by_hand ? "rerun" : RECOVERY_STEPS[remedy];
    if (step === "none") return null;
    if (step === "wait" || step === "submit") return step;
    if (!isEnded(state) && !isWaiting(state)) return null;
    if (earlier.is_pending) return "submit";
    const what = reasonOf(one);
    if (step === "stop") return { stop: `${what}: ${ADVICE[remedy]}` };
    if (earlier.count >= this.bounds.most) {
      return { stop: `${what}, and ${plural(earlier.count, "further attempt")} did not help: ${ADVICE[remedy]}` };
    }
    if (step === "memory") return this.#memory(what, earlier);
    if (step === "time") return this.#time(what, one, earlier);
    if (step === "elsewhere") return this.#elsewhere(what, one);
    if (times >= Math.max(SAME_WAY, this.bounds.most)) {
      return { stop: `${what}, ${times} times in a row: ${ADVICE.again}` };
    }
    return { step: "rerun", what };
  }

  #memory(what: string, { had_less }: EarlierRecovery): Choice {
    const { memory } = this.limits;
    if (memory === null) return { stop: `${what}: no option gives a job more memory here` };
    if (!had_less.memory) {
      const value = moreMemory(memory.now, memory.first, memory.most_mib);
      if (value === null) {
        return { stop: `${what}: its job had --${memory.name} ${memory.now}, and more is not allowed` };
      }
      this.recovery.changes[memory.name] = value;
    }
    return { step: "memory", what };
  }

  /** Raises the limit where the queue is known to allow that; else cuts the shard. */
  #time(what: string, { n_toys }: RecoverableShard, { had_less }: EarlierRecovery): Choice {
    const { time } = this.limits;
    if (time !== null && had_less.time) return { step: "time", what };
    const value = time === null ? null : moreTime(time.now, n_toys < 2 ? time.most_s ?? null : time.most_s);
    if (time !== null && value !== null) {
      this.recovery.changes[time.name] = value;
      return { step: "time", what };
    }
    if (n_toys >= 2) return { step: "cut", what };
    return { stop: `${what}: it has one toy, and no more time is allowed` };
  }

  #elsewhere(what: string, { node, cause }: RecoverableShard): Choice {
    const { nodes, n_nodes, avoided } = this.limits;
    const { avoid } = this.recovery;
    if (nodes === null && cause === "spawn") return { stop: `${FAILURES[cause].words}: ${ADVICE.start}` };
    if (nodes === null || node === null || avoided.includes(node)) return { step: "rerun", what };
    if (!avoid.includes(node)) {
      if (n_nodes !== null && avoid.length + 1 >= n_nodes) return { stop: `${what}: no other node is left` };
      avoid.push(node);
    }
    return { step: "elsewhere", what };
  }
}

/** Number of equal failures in a row from which a plain rerun can be given up. */
const SAME_WAY = 2;

function reasonOf({ state, cause, fault, node }: RecoverableShard): string {
  if (fault === "node") return `node ${node ?? "unknown"} fails jobs`;
  if (fault !== null) return FAILURES[fault].words;
  return state === "failed" && cause !== null ? FAILURES[cause].words : STATES[state].words;
}
