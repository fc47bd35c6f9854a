import type { Problem } from "../contracts/merge_status.ts";
import { rangesText } from "../format.ts";

/** At most this many lines are shown of a long list. */
const MOST_LINES = 20;

/** Problems as lines for a person: shards with the same one share a line. */
export function problemLines(problems: readonly Problem[]): string[] {
  const groups = Map.groupBy(problems, (problem) => `${problem.shard_index === null} ${withoutIndex(problem)}`);
  const lines = [...groups.values()].map(groupLine);
  if (lines.length <= MOST_LINES) return lines;
  return [...lines.slice(0, MOST_LINES), `and ${lines.length - MOST_LINES} more (--json has them all)`];
}

// "shard_3.out.json is not there" reads the same for each shard but for its number.
function withoutIndex({ shard_index, what }: Problem): string {
  return shard_index === null ? what : what.replaceAll(`shard_${shard_index}.`, "shard_<i>.");
}

function groupLine(group: Problem[]): string {
  const [first] = group;
  if (!first) return "";
  if (first.shard_index === null) return first.what;
  const shards = group.flatMap((problem) => problem.shard_index ?? []);
  return group.length === 1
    ? `shard ${first.shard_index}: ${first.what}`
    : `shards ${rangesText(shards)}: ${withoutIndex(first)}`;
}
