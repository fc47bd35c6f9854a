import * as z from "zod/mini";
import type { CommandResult } from "../adapter.ts";

const Text = z.catch(z.optional(z.string()), undefined);
const Whole = z.catch(z.optional(z.int()), undefined);
const Truth = z.catch(z.optional(z.boolean()), undefined);

/** What is asked of a job's ad. Source: HTCondor manual, "Job ClassAd Attributes"; attributes that are not set are absent. */
export const JobAd = z.looseObject({
  ClusterId: z.int(),
  ProcId: Whole,
  JobStatus: Whole,
  NsfarmToken: Text,
  HoldReason: Text,
  HoldReasonCode: Whole,
  HoldReasonSubCode: Whole,
  LastHoldReason: Text,
  LastHoldReasonCode: Whole,
  LastHoldReasonSubCode: Whole,
  RemoveReason: Text,
  ExitCode: Whole,
  ExitBySignal: Truth,
  ExitSignal: Whole,
  RemoteHost: Text,
  LastRemoteHost: Text,
  NumJobStarts: Whole,
  NumShadowStarts: Whole,
  NumJobMatches: Whole,
  LastRejMatchReason: Text,
  LastRejMatchTime: Whole,
  EnteredCurrentStatus: Whole,
  ServerTime: Whole,
  JobMaterializePaused: Whole,
  JobMaterializeNextProcId: Whole,
});
export type JobAd = z.infer<typeof JobAd>;

export const ASKED = Object.keys(JobAd.shape).join(",");

/** The ads that condor_q or condor_history printed; nothing at all stands for none (recorded: condor-q-none). */
export function readAds(result: CommandResult): JobAd[] | undefined {
  if (result.exit_code !== 0) return undefined;
  if (result.stdout.trim() === "") return [];
  const start = result.stdout.search(/^\[/m);
  try {
    const parsed = z.array(JobAd).safeParse(JSON.parse(result.stdout.slice(Math.max(0, start))));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
