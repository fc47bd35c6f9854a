import * as z from "../../core/schema/zod.ts";
import { orElse } from "../../core/errors.ts";
import type {
  Answer,
  Command,
  CommandResult,
  Handle,
  NativeState,
  Place,
  RenderContext,
  SchedulerLimits,
} from "../adapter.ts";
import { commandMessage, printedBy, readAllDone } from "../command_result.ts";
import { jobTag, shardsByTask, tasksFor } from "../tasks.ts";
import { isSpooled } from "./options.ts";
import { countOption, type Options } from "../options.ts";
import { adString, concurrencyLimit, limitName } from "./submit_file.ts";
import { adState, JOB_ATTRIBUTES, JobAd, rejections } from "./tables.ts";

/** Returns the constraint that selects a submission's jobs by our own attribute. */
export const jobConstraint = (token: string): string => `NsfarmToken =?= ${adString(jobTag(token))}`;

/**
 * Returns the queries for jobs, by our own attribute since ids can be reused. Round 0: the queue, with late
 * materialization also the clusters, whose jobs may not exist yet. Round 1: history, for jobs that left the queue.
 */
export function queryHTCondor({ options }: RenderContext, handles: Handle[], round: number): Command[] {
  const tokens = [...new Set(handles.map(({ token }) => token))].map(jobConstraint).join(" || ");
  if (tokens === "" || round > 1) return [];
  const format = ["-json", "-attributes", JOB_ATTRIBUTES];
  if (round === 0) {
    const queue = { argv: ["condor_q", "-constraint", tokens, ...format], timeout_s: 60 };
    return hasLateJobs(options)
      ? [queue, { argv: ["condor_q", "-factory", "-constraint", tokens, ...format], timeout_s: 60 }]
      : [queue];
  }
  const ids = [...new Set(handles.map(({ job_id }) => job_id).filter((id) => /^[1-9]\d{0,9}$/.test(id)))];
  const most = handles.reduce((sum, { chunk }) => sum + chunk.shards.length, 0);
  // History is read backwards, file by file, until so many jobs were found.
  return ids.length === 0 ? [] : [{
    argv: ["condor_history", ...ids, ...format, "-limit", `${most}`],
    timeout_s: 120,
  }];
}

/** Returns whether HTCondor creates the jobs of a cluster one after another (late materialization). */
const hasLateJobs = (options: Options): boolean =>
  ["condor-max-idle", "condor-max-materialize"].some((name) => countOption(options, name) !== undefined);

export function readHTCondorQuery(results: CommandResult[], handles: Handle[], round: number): Answer<NativeState[]> {
  const [queue, factories] = results;
  if (!queue) return { kind: "ok", value: [] };
  const ads = readAds(queue);
  if (!ads) return round > 0 ? { kind: "ok", value: [] } : { kind: "unclear", message: commandMessage(queue) };
  const clusters = factories ? readAds(factories) : [];
  if (!clusters) return { kind: "unclear", message: factories ? commandMessage(factories) : "" };
  const rejected = rejections(ads);
  const kept = (ad: JobAd) => round === 0 && isKept(ad) ? { to_fetch: true } : {};
  return {
    kind: "ok",
    value: handles.flatMap((handle) => {
      const made = ads.filter((ad) => isOf(ad, handle));
      const states = made.flatMap((ad) =>
        statesOf(ad, handle, { ...adState(ad, rejected.get(ad.ClusterId)), ...kept(ad) })
      );
      return [...states, ...unmade(clusters.find((ad) => isOf(ad, handle)), handle)];
    }),
  };
}

/** Reads the ads that condor_q or condor_history printed; empty output means no ads (recorded: condor-q-none). */
function readAds(result: CommandResult): JobAd[] | undefined {
  if (result.exit_code !== 0) return undefined;
  if (result.stdout.trim() === "") return [];
  const start = result.stdout.search(/^\[/m);
  const printed: unknown = orElse(undefined, () => JSON.parse(result.stdout.slice(Math.max(0, start))));
  return z.array(JobAd).safeParse(printed).data;
}

/** Returns whether a job in the queue has ended and its results are in the schedd's spool. */
const isKept = ({ JobStatus, StageInFinish }: JobAd): boolean => JobStatus === 4 && (StageInFinish ?? 0) > 0;

/** Selects jobs that have ended. */
const COMPLETED = "JobStatus == 4";

/** Returns the command that copies the results of all ended jobs from the schedd's spool (condor_transfer_data(1)). */
export function fetchHTCondor({ options }: RenderContext, handles: Handle[]): Command[] {
  if (!isSpooled(options)) return [];
  return handles.map(({ token }) => ({
    argv: ["condor_transfer_data", "-constraint", `${jobConstraint(token)} && ${COMPLETED}`],
    timeout_s: SPOOL_S,
  }));
}

/** Time for the files of many jobs to be copied to the schedd or back, in seconds. */
export const SPOOL_S = 3600;

/**
 * Returns condor_rm commands with our own attribute, so that a reused id is harmless. Removing a whole cluster includes
 * the jobs that do not exist yet. A job whose results are in the spool is left: removing it would remove them.
 */
export function cancelHTCondor({ options }: RenderContext, handles: Handle[], shards: number[] | null): Command[] {
  return removeJobs(handles, shards, isSpooled(options) ? ` && ${NOT_COMPLETED}` : "");
}

const NOT_COMPLETED = "JobStatus =!= 4";

/** Returns the commands that remove ended jobs from the queue, after their results were fetched. */
export const discardHTCondor = (handles: Handle[], shards: number[]): Command[] =>
  removeJobs(handles, shards, ` && ${COMPLETED}`);

const removeJobs = (handles: Handle[], shards: number[] | null, further: string): Command[] =>
  jobsOf(handles, shards).map(({ mine, some }) => command("condor_rm", "-constraint", `${mine}${some}${further}`));

/** Returns the constraint on the jobs of each handle, and what limits it to those of some shards. */
function jobsOf(handles: Handle[], shards: number[] | null): { mine: string; some: string }[] {
  return handles.flatMap(({ token, chunk }) => {
    const tasks = tasksFor(chunk, shards);
    if (tasks.length === 0) return [];
    return { mine: jobConstraint(token), some: shards === null ? "" : ` && member(ProcId, {${tasks.join(", ")}})` };
  });
}

const isOf = (ad: JobAd, { job_id, token }: Handle): boolean =>
  ad.NsfarmToken === jobTag(token) && `${ad.ClusterId}` === job_id;

function statesOf(ad: JobAd, { token, chunk }: Handle, reported: Omit<NativeState, "token" | "shard">): NativeState[] {
  const shards = ad.ProcId === undefined ? undefined : shardsByTask(chunk).get(ad.ProcId);
  return (shards ?? []).map((shard) => ({ token, shard, ...reported }));
}

/** Returns the jobs that a cluster has not created yet: those from its next number on. */
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
        ? "HTCondor has stopped creating the jobs of this run; condor_release resumes it"
        : "HTCondor creates it when others have ended (--condor-max-idle, --condor-max-materialize)",
      host: null,
    }))
  );
}

/** Queries the version, the site's limits on submissions, and the pool's machines with their file system domains. */
export function probeHTCondor(): Command[] {
  return [
    { argv: ["condor_version"], timeout_s: 30 },
    { argv: ["condor_config_val", "MAX_JOBS_PER_SUBMISSION", "MAX_JOBS_PER_OWNER"], timeout_s: 30 },
    {
      argv: [
        "condor_status",
        "-compact",
        ...columns(["Machine", "State", "TotalCpus", "TotalMemory", "FileSystemDomain"]),
      ],
      timeout_s: 60,
    },
    { argv: ["condor_config_val", "FILESYSTEM_DOMAIN"], timeout_s: 30 },
    { argv: ["condor_config_val", "-negotiator", "CONCURRENCY_LIMIT_DEFAULT"], timeout_s: 30 },
  ];
}

/** Returns the arguments that print these attributes in a marked line. */
export const columns = (names: string[]): string[] =>
  names.flatMap((name, i) => ["-format", i === 0 ? "nsfarm|%v" : i === names.length - 1 ? "|%v\\n" : "|%v", name]);

export function readHTCondorProbe([version, limits, status, domain, concurrency]: CommandResult[]): SchedulerLimits {
  const named = /\$CondorVersion:\s*(\S+)/.exec(printedBy(version))?.[1];
  const numbers = [...printedBy(limits).matchAll(/^\s*(\d+)\s*$/gm)].map(([, text]) => Number(text)).filter((n) =>
    n > 0
  );
  const concurrent = whole(printedBy(concurrency).trim());
  return {
    max_array_size: null,
    max_submit_jobs: numbers.length === 0 ? null : Math.min(...numbers),
    accounting: true,
    ...(named === undefined ? {} : { version: named }),
    ...(concurrent === null ? {} : { concurrency_limit: concurrent }),
    places: readMachines(printedBy(status), printedBy(domain).trim()),
  };
}

const MACHINE = /^nsfarm\|([^|]+)\|([^|]*)\|([^|]*)\|([^|]*)\|([^|]*)$/;

/** Reads the machines; a job without file transfer needs one in the FileSystemDomain of its submit machine. */
function readMachines(text: string, domain: string): Place[] {
  const found = new Map<string, Place>();
  for (const line of text.split("\n")) {
    const [, name, state = "", cpus, memory, theirs = ""] = MACHINE.exec(line) ?? [];
    if (name === undefined || found.has(name)) continue;
    found.set(name, {
      name,
      state: state.toLowerCase(),
      nodes: 1,
      cpus: whole(cpus),
      memory_mb: whole(memory),
      time_limit: null,
      ...(domain === "" || theirs === "" ? {} : { shares_files: theirs.toLowerCase() === domain.toLowerCase() }),
    });
  }
  return [...found.values()];
}

const whole = (text: string | undefined): number | null => /^\d+(\.0+)?$/.test(text ?? "") ? Number(text) : null;

/** Marks our holds: HTCondor leaves subcodes of holds by a user to that user (condor_hold(1), -subcode). */
const OUR_SUBCODE = 4747;
const OUR_REASON = "nsfarm-deno pause";

/** Job states (HTCondor manual, "Job Status Codes"). */
const IDLE = "JobStatus == 1";
const HELD = `JobStatus == 5 && HoldReasonCode == 1 && HoldReasonSubCode == ${OUR_SUBCODE}`;

/**
 * Returns condor_hold for jobs that are idle at that very moment. With late materialization the cluster first creates
 * no more jobs (JobMaterializePaused, seen with 23.9.6: condor_hold of a cluster would also hold the jobs that run).
 */
export const holdHTCondor = (context: RenderContext, handles: Handle[], shards: number[] | null): Command[] => [
  ...materialize(context, handles, 1),
  ...selected(handles, shards, IDLE).map((which) =>
    command("condor_hold", "-reason", OUR_REASON, "-subcode", `${OUR_SUBCODE}`, "-constraint", which)
  ),
];

/** Returns condor_release for jobs with our mark: a hold by a person or by HTCondor has another code. */
export const releaseHTCondor = (context: RenderContext, handles: Handle[], shards: number[] | null): Command[] => [
  ...selected(handles, shards, HELD).map((which) => command("condor_release", "-constraint", which)),
  ...materialize(context, handles, 0),
];

const command = (...argv: string[]): Command => ({ argv, timeout_s: 120 });

const selected = (handles: Handle[], shards: number[] | null, state: string): string[] =>
  jobsOf(handles, shards).map(({ mine, some }) => `${mine} && ${state}${some}`);

const materialize = ({ options }: RenderContext, handles: Handle[], paused: 0 | 1): Command[] =>
  hasLateJobs(options)
    ? handles.map(({ job_id }) => command("condor_qedit", job_id, "JobMaterializePaused", `${paused}`))
    : [];

/**
 * Returns condor_qedit; concurrency limits of the user's own are left alone. With late materialization the cluster is
 * edited, so that jobs which do not exist yet have the limit too: a constraint selects only jobs (seen with 23.9.6).
 */
export function throttleHTCondor(context: RenderContext, handles: Handle[], most: number | null): Command[] {
  const value = most === null ? "undefined" : adString(concurrencyLimit(context, most));
  const ours = `(ConcurrencyLimits =?= undefined || regexp("^${limitName(context.manifest)}:", ConcurrencyLimits))`;
  return handles.map(({ job_id, token }) => {
    const which = hasLateJobs(context.options) ? [job_id] : ["-constraint", `${jobConstraint(token)} && ${ours}`];
    return command("condor_qedit", ...which, "ConcurrencyLimits", value);
  });
}

/** Messages where no job is left (recorded: condor-hold-none, condor-release-none, condor-qedit-none). */
const NONE = /Couldn't find\/(hold|release) all jobs|Queue transaction failed|no matching jobs/i;
const NO_ANSWER = /Failed to connect|Can't find address|CEDAR|SECMAN|AUTHENTICATE|[Tt]imed out/;

export const readHTCondorSteer = (results: CommandResult[]): Answer<null> =>
  readAllDone(results, ({ exit_code, stderr }) => exit_code === 1 && NONE.test(stderr) && !NO_ANSWER.test(stderr));
