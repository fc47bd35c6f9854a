import { pauseFor } from "../machine/pause_for.ts";
import type { Cause } from "../../core/contracts/kinds.ts";
import type { FarmManifest, Plan } from "../../core/contracts/manifest.ts";
import { jobVariable } from "../../core/in_job.ts";
import { jobTimeLeft_ms, LAST_S, threadsOf } from "../machine/allocation.ts";
import { HERE, jobViews } from "../machine/job_view.ts";
import { fitShard, type ShardEnd } from "./fit_shard.ts";
import { jobIds } from "./job_ids.ts";
import { listRun } from "./list_run.ts";
import type { Run } from "../run/load_manifest.ts";
import { settleShard } from "./settle_shard.ts";
import { openWorkbench, type Workbench } from "./workbench.ts";

export interface JobEnd {
  shard: number;
  cause: Cause;
  /** What else is to be said: done already, waited for another process. */
  note: string | null;
}

/** How long a twin's end is waited for before it is looked at again. */
const LOOK_AGAIN_MS = 500;

/**
 * Runs the given shards one after the other, inside a scheduler's job. Stops at a signal.
 * @param ended called when a shard has ended, however it did
 */
export async function runJob(
  run: Run<FarmManifest>,
  plans: Plan[],
  token: string | null,
  stop: AbortSignal,
  ended: (plan: Plan) => void = () => {},
): Promise<JobEnd[]> {
  const bench = await openWorkbench(run, jobIds(run.manifest, token));
  const ends: JobEnd[] = [];
  try {
    for (const plan of plans) {
      if (stop.aborted) break;
      ends.push(await runOne(bench, plan, stop));
      ended(plan);
    }
  } finally {
    bench.meter.close();
  }
  return ends;
}

async function runOne(bench: Workbench, plan: Plan, stop: AbortSignal): Promise<JobEnd> {
  const { manifest } = bench.run;
  const shard = plan.shard_index;
  while (!stop.aborted) {
    const standing = await settleShard(bench, plan, listRun(bench.run.dir));
    if (standing.kind === "done") return { shard, cause: "ok", note: "it was done already" };
    if (standing.kind !== "running" && standing.kind !== "late") {
      // An attempt on another machine may be of a node that died: the scheduler has decided to run the shard here.
      const end = await fitShard(bench, {
        plan,
        attempt: standing.next,
        slot: jobVariable(jobViews(manifest), "slot", HERE),
        threads: threadsOf(manifest),
        time_limit_s: null,
        stop: withTime(stop, jobTimeLeft_ms(manifest)),
      });
      if (end.kind !== "taken") return endOf(shard, end);
    }
    await pauseFor(LOOK_AGAIN_MS, stop);
  }
  return { shard, cause: "terminated", note: null };
}

function endOf(shard: number, end: Exclude<ShardEnd, { kind: "taken" }>): JobEnd {
  if (end.kind === "failed") return { shard, cause: end.record.cause, note: end.record.stderr_tail[0] ?? null };
  const { committed } = end;
  if (committed.kind === "committed") return { shard, cause: "ok", note: null };
  if (committed.kind === "equal") return { shard, cause: "ok", note: "another attempt had committed equal numbers" };
  return {
    shard,
    cause: "ok",
    note: `another attempt's result stands; this one differs and is kept in ${committed.aside}`,
  };
}

/** A stop near the end of the job's time is a time-out, not a cancellation. */
export function withTime(stop: AbortSignal, left_ms: number | null): AbortSignal {
  if (left_ms === null) return stop;
  const late_ms = performance.now() + left_ms - LAST_S * 1000;
  const controller = new AbortController();
  const pass = () => controller.abort(performance.now() > late_ms ? "time" : stop.reason);
  if (stop.aborted) pass();
  stop.addEventListener("abort", pass, { once: true });
  return controller.signal;
}
