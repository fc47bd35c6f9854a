import { randomBytes } from "node:crypto";
import { livePlans } from "../core/check_manifest.ts";
import type { FarmManifest } from "../core/contracts/manifest.ts";
import { localShape } from "./allocation.ts";
import type { Run } from "./load_manifest.ts";
import { recordSubmission } from "./submissions.ts";
import { workOnRun } from "./work_run.ts";
import type { WorkEvent, WorkReport } from "./work_loop.ts";

/** The worker loop in this process, on record like a submission: from it the turnaround is counted. */
export async function workInForeground(
  run: Run<FarmManifest>,
  stop: AbortSignal,
  tell: (event: WorkEvent) => void,
): Promise<WorkReport> {
  const token = randomBytes(8).toString("hex");
  const at = new Date().toISOString();
  const begin = () =>
    recordSubmission(run.dir, {
      token,
      state: "submitted",
      scheduler: "local",
      command: ["nsfarm-deno", "run"],
      shards: livePlans(run.manifest).map((plan) => plan.shard_index),
      job_id: `${Deno.pid}`,
      intended_at_utc: at,
      answered_at_utc: at,
      answer: null,
    });
  const ids = { scheduler: "local", job_id: `${Deno.pid}`, task_id: null, submission_token: token };
  return await workOnRun(run, ids, localShape(run.manifest, null), { token, retry_failed: true, stop, begin }, tell);
}
