import { randomBytes } from "node:crypto";
import { cutPlans } from "../../core/check_manifest.ts";
import type { FarmManifest } from "../../core/schema/manifest.ts";
import type { SlotsOn } from "../../core/worker_backends.ts";
import type { Run } from "../run/load_manifest.ts";
import { intendedNow, recordSubmission } from "../run/submissions.ts";
import { openHostPool } from "../ssh/pool.ts";
import { type LocalShape, localShape } from "../system/allocation.ts";
import type { WorkEvent, WorkReport } from "../worker/executor.ts";
import { localPool } from "../worker/local.ts";
import { workOnRun } from "../worker/run.ts";
import { recordOptionsUsed } from "./start.ts";

/** Time after which hosts that cannot be reached no longer delay the command that stops their shards. */
const STOP_REMOTE_S = 40;

/**
 * Stops the attempts that an earlier loop started on hosts and that no loop follows any more.
 * @returns the shards that may still run there
 * @throws {FarmError} unreachable, when no host can be used
 */
export async function stopRemote(run: Run<FarmManifest>, notify: (event: WorkEvent) => void): Promise<number[]> {
  const token = randomBytes(8).toString("hex");
  const ids = { scheduler: run.manifest.scheduler, job_id: `${Deno.pid}`, task_id: null, submission_token: token };
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(), STOP_REMOTE_S * 1000);
  try {
    const order = { token, retry_failed: false, stop: over.signal, drain: true };
    const { left, elsewhere } = await workOnRun(run, ids, openHostPool, order, notify);
    return [...left, ...elsewhere];
  } finally {
    clearTimeout(timer);
  }
}

/** Returns the function that opens the slots of a worker loop. @param shape slots and threads of this machine */
export const poolOn = (slots_on: SlotsOn, shape: LocalShape) => slots_on === "hosts" ? openHostPool : localPool(shape);

/**
 * Runs the worker loop in this process. The loop is recorded like a submission, so that the turnaround has a start.
 * @param except shards that are not rerun
 */
export async function workInForeground(
  run: Run<FarmManifest>,
  slots_on: SlotsOn,
  stop: AbortSignal,
  notify: (event: WorkEvent) => void,
  except: ReadonlySet<number> = new Set(),
): Promise<WorkReport> {
  const token = randomBytes(8).toString("hex");
  const { scheduler } = run.manifest;
  const at = intendedNow();
  const begin = (now: Run<FarmManifest>) => {
    recordSubmission(run.dir, {
      token,
      state: "submitted",
      scheduler,
      command: ["nsfarm-deno", "run"],
      shards: cutPlans(now.manifest).map((plan) => plan.shard_index),
      job_id: `${Deno.pid}`,
      ...at,
      answered_at_utc: at.intended_at_utc,
      answer: null,
    });
    recordOptionsUsed(run);
  };
  const pool = poolOn(slots_on, localShape(run.manifest, null));
  const ids = { scheduler, job_id: `${Deno.pid}`, task_id: null, submission_token: token };
  return await workOnRun(run, ids, pool, { token, retry_failed: true, stop, begin, except }, notify);
}
