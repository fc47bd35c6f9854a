import { ADVICE, kindOf, nextCommand, type Remedies } from "../advice.ts";
import type { Cause, ShardState } from "../contracts/kinds.ts";
import { OLD_ADVICE } from "../diagnose.ts";
import { shardRanges } from "../format.ts";
import { CAUSE_WORDS, NOT_SUBMITTED } from "../reconcile.ts";
import type { RunFacts } from "../run_facts.ts";
import { quoteCommand } from "../shell_quote.ts";

/** Shards that are not done for one and the same reason, and what helps. */
export interface FailureGroup {
  words: string;
  shards: string;
  n: number;
  /** What they said, some of it. */
  why: string[];
  /** What is to be done first. */
  advice: string;
  /** null: no command goes on before that. */
  command: string | null;
}

/** Shards that are not done, the largest group first. */
export function failureGroups(run: RunFacts, remedies: Remedies): FailureGroup[] {
  const bad = run.shards.filter(({ state }) => state !== "done");
  const groups = Map.groupBy(bad, ({ state, cause }) => state === "failed" && cause !== null ? cause : state);
  return [...groups].map(([key, shards]) => ({
    words: WORDS[key] ?? key,
    shards: shardRanges(shards.map((shard) => shard.shard_index)),
    n: shards.length,
    why: [...new Set(shards.flatMap(({ why }) => why ?? []))].slice(0, 3),
    ...helpFor(run, shards[0], remedies),
  })).sort((a, b) => b.n - a.n);
}

const STATE_WORDS: Partial<Record<ShardState, string>> = {
  out_of_memory: CAUSE_WORDS.memory,
  timed_out: CAUSE_WORDS.time,
  queued: "not begun",
  held: "held by the scheduler",
  lost: "gone without a result",
  unknown: "not known",
};

const WORDS: Partial<Record<Cause | ShardState, string>> = { ...CAUSE_WORDS, ...STATE_WORDS };

function helpFor(
  run: RunFacts,
  shard: RunFacts["shards"][number] | undefined,
  remedies: Remedies,
): Pick<FailureGroup, "advice" | "command"> {
  if (run.is_old) {
    return { advice: OLD_ADVICE, command: quoteCommand(["nsfarm-deno", "logs", run.run_dir, `${shard?.shard_index}`]) };
  }
  // Files alone do not tell whether a shard waits in a queue; where nothing was submitted it does not.
  const isOpen = shard?.state === "queued" && (run.submitted_ms === null || remedies.refusal !== null);
  const kind = shard ? kindOf({ ...shard, why: isOpen ? NOT_SUBMITTED : shard.why }, remedies) : "other";
  const words = nextCommand(new Set([kind]), remedies, false);
  const command = words &&
    quoteCommand(["nsfarm-deno", ...words.map((word) => word === "RUN_DIR" ? run.run_dir : word)]);
  return { advice: ADVICE[kind], command };
}
