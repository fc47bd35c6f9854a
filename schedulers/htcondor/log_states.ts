import { printable } from "../../core/find_cause.ts";
import { LOGS } from "../../core/run_paths.ts";
import type { Handle, NativeState } from "../adapter.ts";
import { jobTag } from "../job_name.ts";
import { shardsByTask } from "../task_groups.ts";
import { type LogEvent, readEventLog } from "./event_log.ts";
import { newJob, readJobEvent, type Told } from "./job_events.ts";

/** One log a cluster, in the run's folder logs. */
export function eventLogs(handles: Handle[]): string[] {
  return handles.map(({ job_id }) => `${LOGS}/condor.${/^\d+$/.test(job_id) ? job_id : "none"}.log`);
}

/** The states that the logs tell, in the order of the handles; of what they do not tell, nothing is said. */
export function readLogStates(texts: (string | null)[], handles: Handle[]): NativeState[] {
  return handles.flatMap((handle, i) => {
    const text = texts[i];
    return text ? statesOf(readEventLog(text), handle) : [];
  });
}

function statesOf(events: LogEvent[], { job_id, token, chunk }: Handle): NativeState[] {
  const jobs = new Map<number, Told>();
  let rest: Told | undefined;
  for (const event of events) {
    if (`${event.cluster}` !== job_id) continue;
    if (event.proc < 0) rest = clusterEvent(event, rest, token);
    else readProc(jobs, event, token);
  }
  return [...shardsByTask(chunk)].flatMap(([task, shards]) => {
    const told = jobs.get(task) ?? rest;
    return told ? shards.map((shard) => nativeState(token, shard, told)) : [];
  });
}

/** A submit event bears the submission's tag: the same cluster number can be given anew to other jobs. */
function readProc(jobs: Map<number, Told>, event: LogEvent, token: string): void {
  if (event.code === 0 && !bears(event, token)) jobs.delete(event.proc);
  else if (event.code === 0) jobs.set(event.proc, newJob());
  else {
    const job = jobs.get(event.proc);
    if (job) jobs.set(event.proc, readJobEvent(job, event));
  }
}

const bears = (event: LogEvent, token: string): boolean => event.lines.includes(jobTag(token));

/** Jobs of a cluster that makes them little by little: what is told of the cluster holds for those not made yet. */
function clusterEvent(event: LogEvent, rest: Told | undefined, token: string): Told | undefined {
  const waits = "HTCondor makes it when others have ended (--condor-max-idle, --condor-max-materialize)";
  const why = event.lines[0] ?? "";
  if (event.code === 35) {
    return bears(event, token) ? { ...newJob(), native: "035 not made yet", reason: waits } : undefined;
  }
  if (!rest) return undefined;
  if (event.code === 37) {
    return { ...rest, state: "held", native: "037 materialization paused", reason: `no more jobs are made: ${why}` };
  }
  if (event.code === 38) return { ...rest, state: "queued", native: "038 materialization resumed", reason: waits };
  if (event.code === 36) {
    return { ...rest, state: "cancelled", native: "036 cluster removed", reason: "removed before HTCondor made it" };
  }
  return rest;
}

function nativeState(token: string, shard: number, told: Told): NativeState {
  const reason = told.reason === null ? null : printable(told.reason).slice(0, 600);
  return { token, shard, state: told.state, native: printable(told.native).slice(0, 200), reason, host: told.host };
}
