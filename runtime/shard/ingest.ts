import { join } from "node:path";
import { livePlans } from "../../core/check_manifest.ts";
import { orElse } from "../../core/errors.ts";
import { ifThere } from "../../core/file_fault.ts";
import {
  causeOfJob,
  isDiskFull,
  type JobFacts,
  jobFilesFault,
  jobProcess,
  jobRecord,
  numberIn,
  readJobFacts,
  sentRecord,
  textIn,
} from "../../core/job_txt.ts";
import { isLost, jobOf, newAttempt } from "../../core/record.ts";
import { attemptStem, INCOMING } from "../../core/run_paths.ts";
import type { Attempt } from "../../core/schema/attempt.ts";
import type { FarmManifest, Plan } from "../../core/schema/manifest.ts";
import type { ShardRecord } from "../../core/schema/shard_record.ts";
import { LATE_FILES_S } from "../../core/shard_states.ts";
import { offsetThen } from "../../core/ssh/host_facts.ts";
import { listNames } from "../fs/list.ts";
import { readRegular } from "../fs/read.ts";
import { removeQuietly } from "../fs/write.ts";
import type { Run } from "../run/load_manifest.ts";
import { serverNow_ms } from "../run/temporary.ts";
import { inJobsOf } from "../system/allocation.ts";
import { attemptPath, beginAttempt, listAttempts, readAttempts, removeAttempt, updateAttempt } from "./attempts.ts";
import { commitShard, type Committed } from "./commit.ts";
import { type FitFiles, fitFilesOf, keepLogs } from "./context.ts";
import { type NoResult, resultOf } from "./fit.ts";
import { readShard } from "./read.ts";

const JOB_TEXT = /^shard_(0|[1-9][0-9]{0,6})\.([0-9A-Za-z._-]{1,80})\.job\.txt$/;
const OF_ATTEMPT =
  /^\.?shard_(0|[1-9][0-9]{0,6})\.[0-9A-Za-z._-]{1,80}\.(job\.txt|(out|metrics)\.json(\.one|\.all)?|stdout|stderr|times)$/;
const MAX_JOB_TEXT_BYTES = 1024 * 1024;

/**
 * Checks and commits the files that the sh wrapper left in incoming/, also those returned from a node without a shared
 * disk. Unfinished attempts stay; a failed one becomes an attempt with its end.
 */
export function ingestIncoming(run: Run<FarmManifest>): void {
  const plans = new Map(livePlans(run.manifest).map((plan) => [plan.shard_index, plan]));
  let now_ms: number | undefined;
  const serverNow = () => now_ms ??= serverNow_ms(join(run.dir, INCOMING));
  for (const name of listNames(join(run.dir, INCOMING))) {
    const [, shard, id] = JOB_TEXT.exec(name) ?? [];
    const plan = plans.get(Number(shard));
    if (plan && id !== undefined) recoverAttempt(run, plan, id, LATE_FILES_S, serverNow);
  }
}

/**
 * Removes the files of killed attempts from incoming/. Only when all shards are done: before, their attempt may still
 * run.
 * @param done these shards; a later extension may have attempts of other shards
 */
export function sweepIncoming(dir: string, done: ReadonlySet<number>): void {
  for (const name of listNames(join(dir, INCOMING))) {
    const shard = OF_ATTEMPT.exec(name)?.[1];
    if (shard !== undefined && done.has(Number(shard))) removeQuietly(join(dir, INCOMING, name));
  }
}

/**
 * Ingests one attempt when its files are whole.
 * @param id the stem of its files' names
 * @param late_s time in which files may arrive after their job.txt
 * @param serverNow returns the file server's time in ms, which takes a new file
 */
export function recoverAttempt(
  run: Run<FarmManifest>,
  plan: Plan,
  id: string,
  late_s = LATE_FILES_S,
  serverNow = () => serverNow_ms(join(run.dir, INCOMING)),
): Committed | undefined {
  const base = join(run.dir, INCOMING, attemptStem(plan.shard_index, id));
  const job_txt = `${base}.job.txt`;
  const facts = readFacts(job_txt);
  if (!facts?.ended || facts.values.get("run_token") !== run.manifest.farm.run_token) return undefined;
  const files = fitFilesOf(base);
  if (!areThere(files, facts)) {
    const age_s = ageOf(job_txt, serverNow());
    if (age_s === null || age_s < late_s) return undefined;
  }
  const numbers = listAttempts(run.dir).get(plan.shard_index) ?? [];
  const attempts = readAttempts(run.dir, plan.shard_index, numbers);
  const own = attempts.find((one) => one.attempt_token === id);
  // An end that a process wrote without the files (lostRecord) is replaced by the reported one.
  const open = own?.end === null || own?.end.wall_s === null ? own : undefined;
  const left = { id, facts, files, open, attempt: open?.attempt ?? Math.max(0, ...numbers) + 1 };
  const committed = own && !open ? undefined : settleFacts(run, plan, left);
  keepLogs(run.dir, plan.shard_index, files);
  for (const path of [files.out, files.metrics, job_txt]) removeQuietly(path);
  return committed;
}

/** Files of an attempt, and the attempt file where a driver had started it. */
interface Left {
  id: string;
  facts: JobFacts;
  files: FitFiles;
  open: Attempt | undefined;
  attempt: number;
}

/** Whether all bytes of the files that the wrapper listed have arrived. */
function areThere({ out, metrics }: FitFiles, facts: JobFacts): boolean {
  const reported = [[out, numberIn(facts, "out_bytes")], [metrics, numberIn(facts, "metrics_bytes")]] as const;
  return reported.every(([path, bytes]) => bytes === null || bytes === sizeOf(path));
}

const sizeOf = (path: string): number | null => orElse(null, () => Deno.lstatSync(path).size);

/**
 * Returns the seconds since a file last changed here, which is its arrival, by the clock of the file server: that of this
 * machine may be another. Null where another process has ingested the file meanwhile.
 */
function ageOf(path: string, now_ms: number): number | null {
  return ifThere(null, () => {
    const { ctime, mtime } = Deno.lstatSync(path);
    return ((Number.isFinite(now_ms) ? now_ms : Date.now()) - (ctime ?? mtime ?? new Date(0)).getTime()) / 1000;
  });
}

const readFacts = (path: string): JobFacts | undefined =>
  orElse(undefined, () => readJobFacts(new TextDecoder().decode(readRegular(path, MAX_JOB_TEXT_BYTES))));

function settleFacts(run: Run<FarmManifest>, plan: Plan, left: Left): Committed | undefined {
  const { facts, files, open, attempt } = left;
  const sent = sentRecord(run.manifest, plan, attempt, facts);
  const seen = sent?.cause ?? (jobFilesFault(run.manifest, facts) ? "version" : causeOfJob(facts));
  const cause = seen === "terminated" ? open?.remote?.stopped_for ?? seen : seen;
  const made = sent ?? jobRecord(run.manifest, plan, attempt, facts, cause, inJobsOf(run.manifest));
  const record = { ...made, clock_offset_s: open?.remote ? offsetThen(open, made) : made.clock_offset_s };
  const result = resultOf(cause, record.exit_code, files, run.manifest, plan);
  if ("cause" in result) {
    return keepFailure(run, plan, left, { ...record, ...whyFailed(run.manifest, facts, record, result) });
  }
  const { output, metrics } = result;
  const done = { ...record, cause: "ok" as const };
  const committed = commitShard(run.dir, run.manifest, plan, { out_path: files.out, output, metrics, record: done });
  if (open) removeAttempt({ path: attemptPath(run.dir, plan.shard_index, attempt) });
  return committed;
}

function whyFailed(
  manifest: FarmManifest,
  facts: JobFacts,
  { stderr_tail }: ShardRecord,
  { cause, fault }: NoResult,
): Pick<ShardRecord, "cause" | "stderr_tail"> {
  const printed = fault ?? jobFilesFault(manifest, facts);
  return {
    cause: fault !== null && isDiskFull(facts) ? "disk" : cause,
    stderr_tail: printed === null ? stderr_tail : [printed, ...stderr_tail],
  };
}

function keepFailure(run: Run<FarmManifest>, plan: Plan, { id, facts, open }: Left, end: ShardRecord): undefined {
  if (open) {
    // The reason of the stop is known already.
    if (open.end && !isLost(open.end)) return undefined;
    const path = attemptPath(run.dir, plan.shard_index, open.attempt);
    updateAttempt({ attempt: open, path, clock_offset_s: null }, { end });
    return undefined;
  }
  if (readShard(run.dir, run.manifest, plan).kind === "done") return undefined;
  const attempt = newAttempt(run.manifest, plan, end.attempt, {
    ...jobOf(end),
    attempt_token: id,
    wrapper: jobProcess(facts),
    submission_token: textIn(facts, "submission_token"),
    started_at_utc: end.started_at_utc,
    end,
  });
  beginAttempt(run.dir, attempt);
  return undefined;
}
