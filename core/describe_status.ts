import { namedShards } from "./format.ts";
import type { MergedCheck } from "./merge/merged_check.ts";
import { leftText, rateText } from "./progress.ts";
import type { ShardState } from "./schema/enums.ts";
import { NOT_SUBMITTED, type ShardView } from "./shard_states.ts";
import { describeUsage, type RunUsage } from "./usage.ts";

/** A shard as `status` prints it. */
export interface StatusShard extends ShardView {
  shard: number;
}

export interface StatusSummary {
  run_id: string;
  run_dir: string;
  scheduler: string;
  counts: Partial<Record<ShardState, number>>;
  total: number;
  toys_done: number;
  toys_total: number;
  /** toys / makespan; null for an interrupted run. */
  toys_per_s: number | null;
  /** Estimated seconds until the remaining shards are done; null: unknown. */
  left_s: number | null;
  merged: string | null;
  /** Verdict on the merged document. */
  merged_check: MergedCheck;
  workers: string[];
  /** What a whole run requested and used. */
  usage?: RunUsage;
  /** glibc of each host that reported it, by the sh wrapper. */
  glibc: Record<string, string>;
  /** What recoveries (--recover) did, one line each. */
  recovered: string[];
  /** What a person asked of the run: a pause, a throttle, more pilots. */
  steering: string[];
  /** Commands and actions that help with these states. */
  advice: string[];
}

/** Returns the text of `status`: a count for each state, then why shards are neither done nor just queued. */
export function describeStatus(summary: StatusSummary, shards: StatusShard[]): string {
  const head = [
    describeCounts(summary, shards),
    `${summary.toys_done} of ${summary.toys_total} toys${rateText({ ...summary, since_pause: false })}${
      leftText(summary)
    }`,
    ...summary.steering,
    ...summary.merged_check.findings.map(({ what }) => what),
    ...summary.workers,
    ...(summary.usage ? describeUsage(summary.usage) : []),
  ];
  const recovered = summary.recovered.map((line) => `  recovered     ${line}`);
  return [...head, ...recovered, ...groups(shards).map(describeGroup), ...summary.advice].join("\n");
}

/** Returns one line: `study1 (slurm): 3 done, 2 not submitted of 5 shards`. */
export function describeCounts(summary: StatusSummary, shards: StatusShard[]): string {
  const { counts, total } = summary;
  const waiting = shards.filter(isNotSubmitted).length;
  const reported = Object.entries(counts).flatMap(([state, n]) => {
    const given = state === "queued" ? n - waiting : n;
    return given > 0 ? [`${given} ${state}`] : [];
  });
  const states = [...reported, ...(waiting > 0 ? [`${waiting} not submitted`] : [])].join(", ");
  return `${summary.run_id} (${summary.scheduler}): ${states} of ${total} shards`;
}

const isNotSubmitted = ({ state, why }: Pick<StatusShard, "state" | "why">): boolean =>
  state === "queued" && why === NOT_SUBMITTED;

interface Group {
  state: ShardState;
  why: string;
  shards: number[];
  hosts: Set<string>;
}

/** States that `--watch` does not announce. */
const QUIET = new Set<ShardState>(["done", "running"]);

/**
 * Returns one line for each state and reason with the shards that have newly reached it. A reason to wait is printed
 * only once, since it applies to most shards in turn.
 * @param printed what was printed before; this call adds to it
 */
export function describeChanges(printed: Map<string, Set<number>>, shards: StatusShard[]): string[] {
  return groups(shards.filter(({ state, why }) => !QUIET.has(state) && !(state === "queued" && why === "")))
    .flatMap((group) => {
      const key = `${group.state} ${group.why.replaceAll(/\d+/g, "#")}`;
      const before = printed.get(key) ?? new Set();
      const fresh = group.shards.filter((shard) => !before.has(shard));
      printed.set(key, new Set([...before, ...fresh]));
      const is_old = fresh.length === 0 || (group.state === "queued" && before.size > 0);
      return is_old ? [] : [describeGroup({ ...group, shards: fresh }).trim()];
    });
}

function groups(shards: StatusShard[]): Group[] {
  const found = new Map<string, Group>();
  for (const { shard, state, why, host } of shards) {
    if (state === "done" || isNotSubmitted({ state, why })) continue;
    const key = `${state}\n${why}`;
    const group = found.get(key) ?? { state, why, shards: [], hosts: new Set() };
    group.shards.push(shard);
    if (host) group.hosts.add(host);
    found.set(key, group);
  }
  return [...found.values()];
}

function describeGroup({ state, why, shards, hosts }: Group): string {
  const where = hosts.size > 0 ? ` on ${[...hosts].slice(0, 4).join(", ")}${hosts.size > 4 ? " …" : ""}` : "";
  return `  ${state.padEnd(13)} ${why ? `${why}: ` : ""}${namedShards(shards)}${where}`;
}
