import type { FarmManifest } from "../../core/contracts/manifest.ts";
import { idsOfJob } from "../../core/in_job.ts";
import { HERE, jobViews } from "../machine/job_view.ts";
import type { JobIds } from "./workbench.ts";

/** Returns the scheduler's ids of this job, as far as it sees them; without a token, that of the job's script. */
export function jobIds(manifest: FarmManifest, submission_token: string | null): JobIds {
  const ids = idsOfJob(jobViews(manifest), HERE) ?? { scheduler: manifest.scheduler, job_id: null, task_id: null };
  return { ...ids, submission_token: submission_token ?? (HERE.env("NSFARM_TOKEN") || null) };
}
