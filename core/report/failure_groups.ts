import type { Cause, ShardState } from "../contracts/kinds.ts";
import { shardRanges } from "../describe_status.ts";
import type { RunFacts } from "../run_facts.ts";
import { quoteCommand } from "../shell_quote.ts";

/** Shards that are not done for one and the same reason, and what helps. */
export interface FailureGroup {
  words: string;
  shards: string;
  n: number;
  /** What they said, some of it. */
  why: string[];
  command: string;
}

/** Shards that are not done, the largest group first. */
export function failureGroups(run: RunFacts): FailureGroup[] {
  const bad = run.shards.filter(({ state }) => state !== "done");
  const groups = Map.groupBy(bad, ({ state, cause }) => state === "failed" && cause !== null ? cause : state);
  return [...groups].map(([key, shards]) => ({
    words: WORDS[key] ?? key,
    shards: shardRanges(shards.map((shard) => shard.shard_index)),
    n: shards.length,
    why: [...new Set(shards.flatMap(({ why }) => why ?? []))].slice(0, 3),
    command: quoteCommand(helpOf(key, run.run_dir, shards[0]?.shard_index ?? 0, run.is_old)),
  })).sort((a, b) => b.n - a.n);
}

const WORDS: Partial<Record<Cause | ShardState, string>> = {
  exit: "nextstat ended with an error",
  signal: "killed by a signal",
  memory: "out of memory",
  out_of_memory: "out of memory",
  time: "over the time limit",
  timed_out: "over the time limit",
  terminated: "stopped from outside",
  disk: "the disk took nothing",
  output: "the output is missing or broken",
  toys: "other toys than planned",
  spawn: "nextstat could not be started",
  version: "another nextstat than planned",
  queued: "not begun",
  running: "running",
  held: "held by the scheduler",
  lost: "gone without a result",
  unknown: "not known",
};

function helpOf(key: Cause | ShardState, dir: string, shard: number, is_old: boolean): string[] {
  const retry = ["nsfarm-deno", "retry", dir];
  if (is_old) return ["nsfarm-deno", "logs", dir, `${shard}`];
  if (key === "memory" || key === "out_of_memory") return [...retry, "--more-memory"];
  if (key === "time" || key === "timed_out") return [...retry, "--more-time"];
  if (key === "exit" || key === "output" || key === "toys" || key === "spawn") {
    return ["nsfarm-deno", "logs", dir, `${shard}`];
  }
  if (key === "queued") return ["nsfarm-deno", "submit", dir];
  if (key === "running" || key === "held" || key === "unknown") return ["nsfarm-deno", "status", dir];
  return retry;
}
