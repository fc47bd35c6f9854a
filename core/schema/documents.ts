import type * as z from "./zod.ts";
import { Attempt, Worker } from "./attempt.ts";
import { HypotestMerged, HypotestOutput } from "./hypotest.ts";
import { Inject, InjectSummary } from "./inject.ts";
import { Limit, LimitSummary } from "./limit.ts";
import { Manifest } from "./manifest.ts";
import { MergeReport, MergeStatus } from "./merge_report.ts";
import { Merged } from "./merged.ts";
import { ShardingPlan } from "./plan.ts";
import { Preflight } from "./preflight.ts";
import { OutputFrame } from "./shard_output.ts";
import { CommittedMetrics } from "./shard_record.ts";
import { Steering } from "./steering.ts";
import { SubmitMeta } from "./submit_meta.ts";
import { Sweep } from "./sweep.ts";
import { SweepSummary } from "./sweep_summary.ts";

/** Every document of a run directory by its short name, as `nsfarm-deno schema` prints it. */
export const DOCUMENTS: Record<string, { file: string; schema: z.core.$ZodType }> = {
  manifest: { file: "manifest.json", schema: Manifest },
  metrics: { file: "shard_<i>.metrics.json", schema: CommittedMetrics },
  output: { file: "shard_<i>.out.json", schema: OutputFrame },
  hypotest_output: { file: "shard_<i>.out.json of a hypothesis test", schema: HypotestOutput },
  attempt: { file: "attempts/shard_<i>.<attempt>.json", schema: Attempt },
  worker: { file: "claims/worker_<token>.json", schema: Worker },
  submissions: { file: "submit_meta.json", schema: SubmitMeta },
  steering: { file: "steering.json", schema: Steering },
  merged: { file: "merged.out.json", schema: Merged },
  hypotest_merged: { file: "merged.out.json of a hypothesis test", schema: HypotestMerged },
  merge_report: { file: "output of merge --json", schema: MergeReport },
  plan: { file: "output of plan --json", schema: ShardingPlan },
  sweep: { file: "<sweep_id>.sweep.json", schema: Sweep },
  sweep_summary: { file: "output of sweep summarize --json", schema: SweepSummary },
  limit: { file: "<limit_id>.limit.json", schema: Limit },
  limit_summary: { file: "output of limit summarize --json", schema: LimitSummary },
  inject: { file: "<inject_id>.inject.json", schema: Inject },
  inject_summary: { file: "output of inject summarize --json", schema: InjectSummary },
  merge_status: { file: "merge_status.json", schema: MergeStatus },
  preflight: { file: "output of preflight --hosts-file --json", schema: Preflight },
};
