import { ADVICE, nextCommand, type Remedies, remedyOf } from "../advice.ts";
import { OLD_ADVICE } from "../diagnose.ts";
import { shardRanges } from "../format.ts";
import { FAILURES } from "../failure.ts";
import { NOT_SUBMITTED } from "../reconcile.ts";
import { STATES } from "../shard_states.ts";
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
  const groups = Map.groupBy(bad, wordsOf);
  return [...groups].map(([words, shards]) => ({
    words,
    shards: shardRanges(shards.map((shard) => shard.shard_index)),
    n: shards.length,
    why: [...new Set(shards.flatMap(({ why }) => why ?? []))].slice(0, 3),
    ...helpFor(run, shards[0], remedies),
  })).sort((a, b) => b.n - a.n);
}

const wordsOf = ({ state, cause }: RunFacts["shards"][number]): string =>
  state === "failed" && cause !== null ? FAILURES[cause].words : STATES[state].words;

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
  const remedy = shard ? remedyOf({ ...shard, why: isOpen ? NOT_SUBMITTED : shard.why }, remedies) : "other";
  const words = nextCommand(new Set([remedy]), remedies, false);
  const command = words &&
    quoteCommand(["nsfarm-deno", ...words.map((word) => word === "RUN_DIR" ? run.run_dir : word)]);
  return { advice: ADVICE[remedy], command };
}
