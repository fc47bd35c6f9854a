import type { Answer, Command, CommandResult, Handle, NativeState, RenderContext } from "../adapter.ts";
import { saying } from "../command_result.ts";
import { jobTag } from "../job_name.ts";
import { countOption } from "../read_options.ts";
import { shardsByTask } from "../task_groups.ts";
import { rejections } from "./idle_reason.ts";
import { ASKED, type JobAd, readAds } from "./read_ads.ts";
import { adState } from "./states.ts";
import { bearing } from "./bearing.ts";

/**
 * Round 0: the queue; with late materialization also the clusters, whose jobs are not all made yet. Round 1: history,
 * for those that have left the queue. Jobs are chosen by our own attribute: an id can be given anew.
 */
export function queryHTCondor({ options }: RenderContext, handles: Handle[], round: number): Command[] {
  const tokens = [...new Set(handles.map(({ token }) => token))].map(bearing).join(" || ");
  if (tokens === "" || round > 1) return [];
  const asked = ["-json", "-attributes", ASKED];
  if (round === 0) {
    const queue = { argv: ["condor_q", "-constraint", tokens, ...asked], timeout_s: 60 };
    const late = ["condor-max-idle", "condor-max-materialize"].some((name) => countOption(options, name) !== undefined);
    return late ? [queue, { argv: ["condor_q", "-factory", "-constraint", tokens, ...asked], timeout_s: 60 }] : [queue];
  }
  const ids = [...new Set(handles.map(({ job_id }) => job_id).filter((id) => /^[1-9]\d{0,9}$/.test(id)))];
  const most = handles.reduce((sum, { chunk }) => sum + chunk.shards.length, 0);
  // History is read backwards, file by file, until so many jobs were found.
  return ids.length === 0 ? [] : [{
    argv: ["condor_history", ...ids, ...asked, "-limit", `${most}`],
    timeout_s: 120,
  }];
}

export function readHTCondorQuery(results: CommandResult[], handles: Handle[], round: number): Answer<NativeState[]> {
  const [queue, factories] = results;
  if (!queue) return { kind: "ok", value: [] };
  const ads = readAds(queue);
  if (!ads) return round > 0 ? { kind: "ok", value: [] } : { kind: "unclear", message: saying(queue) };
  const clusters = factories ? readAds(factories) : [];
  if (!clusters) return { kind: "unclear", message: factories ? saying(factories) : "" };
  const rejected = rejections(ads);
  return {
    kind: "ok",
    value: handles.flatMap((handle) => {
      const made = ads.filter((ad) => isOf(ad, handle));
      const states = made.flatMap((ad) => statesOf(ad, handle, adState(ad, rejected.get(ad.ClusterId))));
      return [...states, ...unmade(clusters.find((ad) => isOf(ad, handle)), handle)];
    }),
  };
}

const isOf = (ad: JobAd, { job_id, token }: Handle): boolean =>
  ad.NsfarmToken === jobTag(token) && `${ad.ClusterId}` === job_id;

function statesOf(ad: JobAd, { token, chunk }: Handle, told: Omit<NativeState, "token" | "shard">): NativeState[] {
  const shards = ad.ProcId === undefined ? undefined : shardsByTask(chunk).get(ad.ProcId);
  return (shards ?? []).map((shard) => ({ token, shard, ...told }));
}

/** Jobs that a cluster is yet to make: those from its next number on. */
function unmade(factory: JobAd | undefined, { token, chunk }: Handle): NativeState[] {
  const next = factory?.JobMaterializeNextProcId;
  if (factory === undefined || next === undefined) return [];
  const paused = (factory.JobMaterializePaused ?? 0) > 0;
  return [...shardsByTask(chunk)].flatMap(([task, shards]) =>
    task < next ? [] : shards.map((shard): NativeState => ({
      token,
      shard,
      state: paused ? "held" : "queued",
      native: "NOT MADE YET",
      reason: paused
        ? "HTCondor has stopped making the jobs of this run; condor_release lets it go on"
        : "HTCondor makes it when others have ended (--condor-max-idle, --condor-max-materialize)",
      host: null,
    }))
  );
}
