import { join } from "node:path";
import type { FarmManifest } from "../core/contracts/manifest.ts";
import type { ShardState } from "../core/contracts/kinds.ts";
import type { StatusShard, StatusSummary } from "../core/describe_status.ts";
import type { Progress } from "../core/progress_line.ts";
import { NOT_SUBMITTED } from "../core/reconcile.ts";
import { quoteWord } from "../core/shell_quote.ts";
import { type SuspectHost, suspectHosts } from "../core/suspect_hosts.ts";
import type { SchedulerAdapter } from "../schedulers/adapter.ts";
import { MERGED } from "../core/run_paths.ts";
import type { AskedScheduler } from "./ask_scheduler.ts";
import type { Run } from "./load_manifest.ts";
import type { ScannedShard } from "./scan_run.ts";
import { exists } from "./write_file.ts";

export interface RunStatus {
  summary: StatusSummary;
  shards: StatusShard[];
  progress: Progress;
  /** Whether its scheduler could be asked. */
  reached: boolean;
  /** No shard runs, waits or may still appear: nothing more will happen by itself. */
  ended: boolean;
}

/** States in which something still happens by itself; a held job waits for a person. */
const GOING = new Set<ShardState>(["running", "unknown"]);
const WAITING = new Set<ShardState>(["queued", "held"]);

/** Puts a look at a run into the numbers that a person or a script wants. */
export function runStatus(
  run: Run<FarmManifest>,
  scanned: ScannedShard[],
  asked: AskedScheduler | null,
  workers: string[],
  leaveOut?: SchedulerAdapter["leaveOut"],
): RunStatus {
  const counts: Partial<Record<ShardState, number>> = {};
  for (const { state } of scanned) counts[state] = (counts[state] ?? 0) + 1;
  const toys_done = scanned.reduce((sum, { state, plan }) => sum + (state === "done" ? plan.n_toys : 0), 0);
  const toys_per_s = rateOf(scanned);
  const merged = join(run.dir, MERGED);
  const trouble = asked && !asked.reached ? [`${run.manifest.scheduler} could not be asked: ${asked.message}`] : [];
  const queued_somewhere = scanned.some((one) => one.state === "queued" && one.why !== NOT_SUBMITTED);
  return {
    summary: {
      run_id: run.manifest.run_id,
      run_dir: run.dir,
      scheduler: run.manifest.scheduler,
      counts,
      total: scanned.length,
      toys_done,
      toys_total: run.manifest.n_toys,
      toys_per_s,
      merged: exists(merged) ? merged : null,
      workers: [...workers, ...trouble],
      advice: suspectHosts(scanned).map((suspect) => adviceOn(suspect, run, leaveOut)),
    },
    shards: scanned.map(({ plan, state, why, host }) => ({ shard: plan.shard_index, state, why, host })),
    progress: {
      total: scanned.length,
      done: counts.done ?? 0,
      running: counts.running ?? 0,
      failed: scanned.filter(({ state }) => !WAITING.has(state) && state !== "done" && !GOING.has(state)).length,
      held: counts.held ?? 0,
      toys_done,
      toys_total: run.manifest.n_toys,
      toys_per_s,
    },
    reached: asked?.reached ?? false,
    ended: !queued_somewhere && !scanned.some(({ state }) => GOING.has(state)),
  };
}

function adviceOn(
  { host, failed }: SuspectHost,
  { dir, manifest }: Run<FarmManifest>,
  leaveOut: SchedulerAdapter["leaveOut"],
): string {
  const found =
    `all ${failed} shards that ran on ${host} failed, others are done elsewhere: the fault may be that host's`;
  if (!leaveOut) return found;
  return `${found}\n  to leave it out: nsfarm-deno retry ${quoteWord(dir)} ${leaveOut(host, manifest.farm.options)}`;
}

/** Toys a second between the first start and the last finish so far. */
function rateOf(scanned: ScannedShard[]): number | null {
  const records = scanned.flatMap(({ record }) => record ?? []);
  const first = Math.min(...records.map((record) => Date.parse(record.started_at_utc)));
  const last = Math.max(...records.map((record) => Date.parse(record.finished_at_utc)));
  const toys = records.reduce((sum, record) => sum + record.n_toys, 0);
  return last > first ? toys / ((last - first) / 1000) : null;
}
