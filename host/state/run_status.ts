import { isEnded, isGoingOn } from "../../core/shard_states.ts";
import { join } from "node:path";
import { attemptTime } from "../../core/attempt_time.ts";
import { ADVICE } from "../../core/advice.ts";
import { plural } from "../../core/format.ts";
import type { FarmManifest } from "../../core/contracts/manifest.ts";
import { FarmError } from "../../core/errors.ts";
import type { RunTimes } from "../../core/contracts/run_times.ts";
import type { ShardState } from "../../core/contracts/kinds.ts";
import type { StatusShard, StatusSummary } from "../../core/describe_status.ts";
import type { NativeState } from "../../core/contracts/scheduler.ts";
import { paceOf } from "../../core/pace.ts";
import type { Progress } from "../../core/progress_line.ts";
import { NOT_SUBMITTED } from "../../core/reconcile.ts";
import { quoteWord } from "../../core/shell_quote.ts";
import { runTimes } from "../../core/times.ts";
import { suspectNodes } from "../../core/suspect_nodes.ts";
import type { Backend } from "../../schedulers/adapter.ts";
import { MERGED } from "../../core/run_paths.ts";
import type { AskedScheduler } from "../jobs/ask_scheduler.ts";
import { summedCheckOf } from "../merge/check_merged.ts";
import { orRefusal } from "../disk/refused.ts";
import { fullDiskAdvice } from "../disk/full_disk.ts";
import type { Run } from "../run/load_manifest.ts";
import { readRecords, timeFacts } from "./run_records.ts";
import type { ScannedShard } from "./scan_run.ts";
import { refusalOf, withoutSilent } from "../jobs/submissions.ts";
import { unusedHosts } from "./unused_hosts.ts";
import { exists } from "../disk/write_file.ts";

export interface RunStatus {
  summary: StatusSummary;
  shards: StatusShard[];
  progress: Progress;
  /** Whether its scheduler could be asked. */
  reached: boolean;
  /** What it told of each task, but for pilots that count as dead. */
  states: NativeState[];
  /** No shard runs, waits or may still appear: nothing more will happen by itself. */
  ended: boolean;
}

/** Puts a look at a run into the numbers that a person or a script wants. */
export function runStatus(
  run: Run<FarmManifest>,
  scanned: ScannedShard[],
  asked: AskedScheduler | null,
  workers: string[],
  adapter: Backend,
  faults: readonly string[] = [],
): RunStatus {
  const counts: Partial<Record<ShardState, number>> = {};
  for (const { state } of scanned) counts[state] = (counts[state] ?? 0) + 1;
  const toys_done = scanned.reduce((sum, { state, plan }) => sum + (state === "done" ? plan.n_toys : 0), 0);
  const times = timesSoFar(run, scanned);
  const pace = paceOf(times, run.manifest.n_toys - toys_done, (counts.running ?? 0) > 0);
  const merged = join(run.dir, MERGED);
  const trouble = asked && !asked.reached ? [`${run.manifest.scheduler} could not be asked: ${asked.message}`] : [];
  const orphans = workers.length > 0 ? [] : scanned.filter(isOrphan);
  const isGoing = (one: ScannedShard) => isGoingOn(one.state) && !orphans.includes(one);
  const isWhole = toys_done === run.manifest.n_toys;
  const unused = isWhole ? unusedHosts(run.manifest, scanned.flatMap(({ record }) => record ?? [])) : [];
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
      toys_per_s: times.toys_per_s,
      left_s: pace.left_s,
      merged: exists(merged) ? merged : null,
      merged_check: summedCheckOf(run),
      workers: [...workers, ...faults, ...trouble, ...unused],
      advice: isWhole ? [] : [
        ...(workers.length > 0 ? [] : submitAdvice(run, scanned)),
        ...orphanAdvice(run, orphans),
        ...fullDiskAdvice(run.dir),
        ...suspectsOf(run, scanned, asked, adapter),
      ],
    },
    shards: scanned.map(({ plan, state, why, host }) => ({
      shard: plan.shard_index,
      state,
      why: why === NOT_SUBMITTED && workers.length > 0 ? "" : why,
      host,
    })),
    progress: {
      total: scanned.length,
      done: counts.done ?? 0,
      running: counts.running ?? 0,
      failed: scanned.filter(({ state }) => isEnded(state)).length,
      held: counts.held ?? 0,
      pace,
    },
    reached: asked?.reached ?? false,
    states: withoutSilent(run, asked?.states ?? []),
    ended: !queued_somewhere && !scanned.some(isGoing),
  };
}

/** Whether a shard was begun on a host behind ssh, and the loop that followed it is gone: it may run there still. */
const isOrphan = ({ state, last }: ScannedShard) => state === "unknown" && last?.remote !== undefined;

function orphanAdvice({ dir }: Run<FarmManifest>, orphans: ScannedShard[]): string[] {
  if (orphans.length === 0) return [];
  const hosts = [...new Set(orphans.map(({ host }) => host))].join(", ");
  const what = `${plural(orphans.length, "shard")} may still run on ${hosts}, and nothing follows them`;
  const word = quoteWord(dir);
  return [`${what}; go on with: nsfarm-deno retry ${word}, or stop them with: nsfarm-deno cancel ${word}`];
}

/** None where the records of other attempts may not be read: they would be too short. */
function timesSoFar(run: Run<FarmManifest>, scanned: ScannedShard[]): RunTimes {
  const records = orRefusal(() => readRecords(run));
  if (records instanceof FarmError) return runTimes(timeFacts([], [], { attempts: new Map(), submissions: [] }));
  return runTimes(timeFacts(scanned.flatMap(({ record }) => record ? attemptTime(record) : []), [], records));
}

/** What a scheduler was not given, and why it has refused it. */
function submitAdvice(run: Run<FarmManifest>, scanned: ScannedShard[]): string[] {
  if (!scanned.some((one) => one.why === NOT_SUBMITTED)) return [];
  const submit = `nsfarm-deno submit ${quoteWord(run.dir)}`;
  // What has ended needs `retry`, which hands out what is not submitted too.
  if (scanned.some(({ state }) => isEnded(state))) {
    return [`nothing works on it; go on with: nsfarm-deno retry ${quoteWord(run.dir)}`];
  }
  const refusal = refusalOf(run);
  if (refusal === null) return [`submit what is not submitted with: ${submit}`];
  return [`the last submission was refused: ${refusal}`, `${ADVICE.refused}: ${submit}`];
}

/** A scheduler knows a node by its own name for it. */
function suspectsOf(
  run: Run<FarmManifest>,
  scanned: ScannedShard[],
  asked: AskedScheduler | null,
  adapter: Backend,
): string[] {
  const shards = scanned.map(({ plan, state, host }) => ({
    state,
    node: asked?.shards.get(plan.shard_index)?.native?.host ?? host,
  }));
  return suspectNodes(shards).map(({ node, failed }) => {
    const how = adapter.avoiding &&
      ` to leave it out: nsfarm-deno retry ${quoteWord(run.dir)} ${adapter.avoiding(run.manifest.farm.options, node)}`;
    return `all ${failed} shards that ran on ${node} failed, while other nodes finished theirs;${how ?? " look at it"}`;
  });
}
