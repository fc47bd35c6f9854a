import { basename, join } from "node:path";
import { isEarlierExecution } from "../../core/earlier_submission.ts";
import { ifThere } from "../../core/file_fault.ts";
import { jobVariable } from "../../core/in_job.ts";
import { sentFacts } from "../../core/job_txt.ts";
import { attemptStem, INCOMING, metricsName, outName, stderrName, stdoutName } from "../../core/run_paths.ts";
import { stagedConfig } from "../../core/staging.ts";
import type { Attempt } from "../../core/schema/attempt.ts";
import type { Cause } from "../../core/schema/enums.ts";
import type { FarmManifest, Plan } from "../../core/schema/manifest.ts";
import type { ShardRecord } from "../../core/schema/shard_record.ts";
import { makeFolder, rename, writeWhole } from "../fs/write.ts";
import { loadFarmRun, type Run } from "../run/load_manifest.ts";
import { HERE, jobTimeLeft_ms, jobViews, LAST_S, threadsOf } from "../system/allocation.ts";
import { inspectMachine, type Machine } from "../system/machine.ts";
import { pauseFor } from "../system/process.ts";
import { listAttempts, readAttempt } from "./attempts.ts";
import { fitFilesOf, type JobContext, jobIds, openJobContext } from "./context.ts";
import { fitShard, type ShardEnd } from "./fit.ts";
import { listRun } from "./list_run.ts";
import { readShard } from "./read.ts";
import { recoverShard } from "./recover.ts";

interface JobEnd {
  shard: number;
  cause: Cause;
  /** Further remarks: done already, waited for another process. */
  note: string | null;
}

/** Polling interval until another attempt of the same shard ends. */
const POLL_INTERVAL_MS = 500;

/** Runs shards one after the other in a job, until a signal. @param ended called after each, however it ended */
export async function runJob(
  run: Run<FarmManifest>,
  plans: Plan[],
  token: string | null,
  stop: AbortSignal,
  ended: (plan: Plan) => void = () => {},
): Promise<JobEnd[]> {
  const context = await openJobContext(run, jobIds(run.manifest, token));
  const ends: JobEnd[] = [];
  try {
    for (const plan of plans) {
      if (stop.aborted) break;
      ends.push(await runOne(context, plan, stop));
      ended(plan);
    }
  } finally {
    context.meter.close();
  }
  return ends;
}

async function runOne(context: JobContext, plan: Plan, stop: AbortSignal): Promise<JobEnd> {
  const { manifest } = context.run;
  const shard = plan.shard_index;
  const isOver = (attempt: Attempt) => isEarlierExecution(attempt, context.ids);
  while (!stop.aborted) {
    const standing = await recoverShard(context, plan, listRun(context.run.dir), isOver);
    if (standing.kind === "done") return { shard, cause: "ok", note: "already done" };
    if (standing.kind !== "running" && standing.kind !== "late") {
      // An attempt on another machine may be of a node that died: the scheduler has decided to run the shard here.
      const end = await fitShard(context, {
        plan,
        attempt: standing.next,
        slot: jobVariable(jobViews(manifest), "slot", HERE),
        threads: threadsOf(manifest),
        time_limit_s: null,
        stop: withTime(stop, jobTimeLeft_ms(manifest)),
      });
      if (end.kind !== "taken") return endOf(shard, end);
    }
    await pauseFor(POLL_INTERVAL_MS, stop);
  }
  return { shard, cause: "terminated", note: null };
}

function endOf(shard: number, end: Exclude<ShardEnd, { kind: "taken" }>): JobEnd {
  if (end.kind === "failed") return { shard, cause: end.record.cause, note: end.record.stderr_tail[0] ?? null };
  const { committed } = end;
  if (committed.kind === "committed") return { shard, cause: "ok", note: null };
  if (committed.kind === "equal") {
    return { shard, cause: "ok", note: "another attempt had already committed the same numbers" };
  }
  return {
    shard,
    cause: "ok",
    note: `another attempt's result was committed first; this one differs and is kept in ${committed.aside}`,
  };
}

/** Returns a signal that also stops at the end of the job's time: such a stop is a time-out, not a cancellation. */
export function withTime(stop: AbortSignal, left_ms: number | null): AbortSignal {
  if (left_ms === null) return stop;
  const late_ms = performance.now() + left_ms - LAST_S * 1000;
  const controller = new AbortController();
  const pass = () => controller.abort(performance.now() > late_ms ? "time" : stop.reason);
  if (stop.aborted) pass();
  stop.addEventListener("abort", pass, { once: true });
  return controller.signal;
}

/** Folder of a sandbox in which shards run, apart from the one that is sent back: no half result is sent. */
const WORK = "work";

/** Opens the run in a job's sandbox, to which its manifest, inputs and nextstat were sent. */
export function openSandbox(sandbox: string): Run<FarmManifest> {
  const { dir, manifest_path, manifest } = loadFarmRun(sandbox);
  const config = join(dir, stagedConfig(manifest));
  const nextstat_bin = join(dir, basename(manifest.nextstat_bin));
  makeFolder(join(dir, WORK));
  makeFolder(join(dir, INCOMING));
  return { dir: join(dir, WORK), manifest_path, manifest: { ...manifest, config, nextstat_bin } };
}

/** Runs shards in a sandbox. The files of each go to incoming/, are sent back, and are checked there. */
export async function runSandbox(
  run: Run<FarmManifest>,
  plans: Plan[],
  token: string | null,
  stop: AbortSignal,
): Promise<JobEnd[]> {
  const machine = await inspectMachine(run.manifest);
  const submission_token = jobIds(run.manifest, token).submission_token;
  return await runJob(run, plans, token, stop, (plan) => send(run, plan, machine, submission_token));
}

function send(run: Run<FarmManifest>, plan: Plan, machine: Machine, submission_token: string | null): void {
  const shard = plan.shard_index;
  const record = recordOf(run, plan);
  if (!record) return;
  const id = [record.job_id ?? 0, record.task_id ?? 0, Math.floor(Date.now() / 1000), Deno.pid].join("-");
  const base = join(run.dir, "..", INCOMING, attemptStem(shard, id));
  const files = fitFilesOf(base);
  const metrics_bytes = giveBack(join(run.dir, metricsName(shard)), files.metrics);
  giveBack(join(run.dir, outName(shard)), files.out);
  giveBack(join(run.dir, stdoutName(shard)), files.stdout);
  giveBack(join(run.dir, stderrName(shard)), files.stderr);
  writeWhole(`${base}.job.txt`, sentFacts(record, machine.process, { attempt: id, submission_token, metrics_bytes }));
}

/** Returns the record of a committed shard, else the end of its last attempt. */
function recordOf(run: Run<FarmManifest>, plan: Plan): ShardRecord | undefined {
  const found = readShard(run.dir, run.manifest, plan);
  if (found.kind === "done") return found.metrics.farm;
  const number = listAttempts(run.dir).get(plan.shard_index)?.at(-1);
  return (number === undefined ? undefined : readAttempt(run.dir, plan.shard_index, number)?.end) ?? undefined;
}

/** Copies a file to the folder that is sent back. @returns its size; null where it does not exist */
function giveBack(from: string, to: string): number | null {
  return ifThere(null, () => {
    const { size } = Deno.lstatSync(from);
    rename(from, to);
    return size;
  });
}
