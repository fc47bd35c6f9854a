import { join } from "node:path";
import { isOfEarlier } from "../../core/earlier_submission.ts";
import { orElse } from "../../core/errors.ts";
import { lostRecord, newAttempt, NO_METRICS } from "../../core/record.ts";
import { attemptStem, INCOMING, outName } from "../../core/run_paths.ts";
import type { Attempt, ProcessId } from "../../core/schema/attempt.ts";
import type { FarmManifest, Plan } from "../../core/schema/manifest.ts";
import type { Metrics, ShardRecord } from "../../core/schema/shard_record.ts";
import { listNames } from "../fs/list.ts";
import { Unreadable } from "../fs/read.ts";
import { removeQuietly } from "../fs/write.ts";
import { bootedAt_ms } from "../system/machine.ts";
import * as proc from "../system/proc.ts";
import {
  attemptPath,
  listAttempts,
  readAttempts,
  readListedAttempts,
  removeAttempt,
  updateAttempt,
} from "./attempts.ts";
import { commitRecord, commitShard, refuseUnread } from "./commit.ts";
import { fitFiles, type JobContext, keepLogs } from "./context.ts";
import type { RunListing } from "./list_run.ts";
import { readFitMetrics, readFitOutput } from "./from_starts.ts";
import { type CheckedOutput, type Evidence, isHidden, readListed, readShard } from "./read.ts";
import { shardRecord } from "./record.ts";

/** The state of a shard by its files and this machine's processes. */
export type Standing =
  | { kind: "done"; record: ShardRecord }
  /** Its wrapper or its fit is alive on this machine. */
  | { kind: "running"; attempt: Attempt }
  /** Started on another machine, whose processes are out of reach; `attempts` are those that may still run there. */
  | { kind: "elsewhere"; attempts: Attempt[]; next: number }
  /** Its files exist, and this machine does not show them yet. */
  | { kind: "late" }
  /** `next` is the number of its next attempt. */
  | { kind: "open"; attempts: Attempt[]; next: number };

/**
 * Returns the state of a shard, after committing any whole result of a dead attempt and removing its temporary files.
 * @param isOver whether the caller knows that an attempt on another machine has ended
 */
export async function recoverShard(
  context: JobContext,
  plan: Plan,
  listing: RunListing,
  isOver: (attempt: Attempt) => boolean = () => false,
): Promise<Standing> {
  const { dir, manifest } = context.run;
  const { names } = listing;
  const numbers = listing.attempts.get(plan.shard_index) ?? [];
  const found = readListed(dir, manifest, plan, names);
  if (isHidden(found, names)) return { kind: "late" };
  if (found.kind === "done") {
    await tidyUp(context, plan, numbers, found.metrics.farm);
    return { kind: "done", record: found.metrics.farm };
  }
  refuseUnread(dir, plan.shard_index, found);
  const attempts = readListedAttempts(dir, plan.shard_index, numbers);
  const next = Math.max(0, ...numbers) + 1;
  const hasEnded = (one: Attempt) => !one.remote && (isSuperseded(context, one, listing) || isOver(one));
  const elsewhere: Attempt[] = [];
  for (const attempt of attempts.filter((one) => one.end === null)) {
    const life = await lifeOf(context, attempt);
    if (life === "running") return { kind: life, attempt };
    if (life === "elsewhere" && !hasEnded(attempt)) elsewhere.push(attempt);
  }
  if (elsewhere.length > 0) return { kind: "elsewhere", attempts: elsewhere, next };
  const record = commitLeft(context, plan, attempts, found);
  return record ? { kind: "done", record } : { kind: "open", attempts, next };
}

/** Commits what the ended attempts of a shard have left; returns the record of the shard, or null where it is not done. */
function commitLeft(
  context: JobContext,
  plan: Plan,
  attempts: readonly Attempt[],
  found: Evidence,
): ShardRecord | null {
  const { dir, manifest } = context.run;
  for (const attempt of attempts) recoverAttempt(context, plan, attempt);
  if (found.kind === "uncommitted" && attempts.length === 0) adoptOutput(context, plan, found.output);
  // Not looked up where nothing can have been recovered, because of the caching that readListed describes.
  if (found.kind === "absent" && attempts.every((one) => one.end !== null)) return null;
  const now = readShard(dir, manifest, plan);
  return now.kind === "done" ? now.metrics.farm : null;
}

/** Removes what a process that died right after its commit left; other attempts stay on file with their ends. */
async function tidyUp(context: JobContext, plan: Plan, numbers: number[], record: ShardRecord): Promise<void> {
  const { dir, manifest } = context.run;
  for (const attempt of readAttempts(dir, plan.shard_index, numbers)) {
    // An attempt on a host is over with its own result, though its host was not queried.
    const isCommitted = attempt.remote !== undefined && attempt.attempt === record.attempt;
    if (attempt.end !== null || (!isCommitted && await lifeOf(context, attempt) !== "dead")) continue;
    const files = fitFiles(dir, plan.shard_index, attempt.attempt);
    // A second whole result is compared with the committed one, and kept aside where it differs.
    const output = readFitOutput(files.out, manifest, plan);
    if (!(output instanceof Unreadable)) {
      commitRecovered(context, plan, attempt, { out_path: files.out, output }, files.metrics);
    }
    keepLogs(dir, plan.shard_index, files);
    for (const path of [files.out, files.metrics]) removeQuietly(path);
    if (attempt.attempt === record.attempt) {
      removeAttempt({ path: attemptPath(dir, plan.shard_index, attempt.attempt) });
    } else endLost(context, plan, attempt);
  }
}

/** Whether this job is of a later submission, which is made only after the jobs of the one before have ended. */
function isSuperseded({ ids }: JobContext, { submission_token }: Attempt, listing: RunListing): boolean {
  return isOfEarlier(listing.submissionTokens(), submission_token, ids.submission_token) === true;
}

/** Returns whether an attempt without an end still runs. */
export async function lifeOf(
  context: Pick<JobContext, "run" | "machine">,
  attempt: Attempt,
): Promise<"running" | "elsewhere" | "dead"> {
  const { process, processes = proc } = context.machine;
  if (attempt.copied_from !== undefined) return "dead";
  if (attempt.remote) {
    // Its driver may be gone while it runs on: only its host can report that.
    return (await processes.aliveOf([attempt.wrapper], process.boot_id)).size > 0 ? "running" : "elsewhere";
  }
  if (attempt.wrapper.boot_id !== process.boot_id) {
    return isOfEarlierBoot(attempt, context.machine) ? "dead" : "elsewhere";
  }
  const known: ProcessId[] = attempt.fit ? [attempt.wrapper, attempt.fit] : [attempt.wrapper];
  if ((await processes.aliveOf(known, process.boot_id)).size > 0) return "running";
  if (attempt.fit) return "dead";
  // Its wrapper died before it could name the fit: the fit has its output's path among its arguments.
  const { out } = fitFiles(context.run.dir, attempt.shard_index, attempt.attempt);
  return (await processes.findByArgument(out)).length > 0 ? "running" : "dead";
}

/**
 * Returns whether an attempt ran on this machine before its present boot. Its host name alone does not show that: another
 * machine may have the same one, and was not restarted.
 */
function isOfEarlierBoot(
  { wrapper, machine_id, started_at_utc }: Attempt,
  { process, machine_id: own_id }: JobContext["machine"],
): boolean {
  if (wrapper.host !== process.host || proc.isSameBoot(wrapper.boot_id, process.boot_id)) return false;
  if (machine_id !== undefined && own_id !== undefined && machine_id !== own_id) return false;
  const booted_ms = bootedAt_ms();
  return booted_ms !== null && Date.parse(started_at_utc) < booted_ms;
}

function recoverAttempt(context: JobContext, plan: Plan, attempt: Attempt): void {
  const { dir, manifest } = context.run;
  const files = fitFiles(dir, plan.shard_index, attempt.attempt);
  if (attempt.end === null) {
    const output = readFitOutput(files.out, manifest, plan);
    const left = output instanceof Unreadable ? uncommittedOutput(context, plan) : { out_path: files.out, output };
    if (left) {
      commitRecovered(context, plan, attempt, left, files.metrics);
      removeAttempt({ path: attemptPath(dir, plan.shard_index, attempt.attempt) });
    } else endLost(context, plan, attempt);
  }
  keepLogs(dir, plan.shard_index, files);
  for (const path of [files.out, files.metrics]) removeQuietly(path);
}

/** Writes the end of an attempt whose process is gone. */
export function endLost({ run: { dir, manifest } }: Pick<JobContext, "run">, plan: Plan, attempt: Attempt): void {
  const path = attemptPath(dir, plan.shard_index, attempt.attempt);
  updateAttempt({ attempt, path, clock_offset_s: null }, { end: lostRecord(manifest, plan, attempt, GONE) });
}

const GONE = "Its process disappeared without recording its end";

/** A whole output of a dead process. */
interface LeftOutput {
  /** Null: it has its final name already. */
  out_path: string | null;
  output: CheckedOutput;
}

/** Returns an out.json under its final name whose writer died before it wrote the record. */
function uncommittedOutput({ run: { dir, manifest } }: JobContext, plan: Plan): LeftOutput | undefined {
  const found = readShard(dir, manifest, plan);
  return found.kind === "uncommitted" ? { out_path: null, output: found.output } : undefined;
}

function commitRecovered(
  context: JobContext,
  plan: Plan,
  attempt: Attempt,
  { out_path, output }: LeftOutput,
  metrics_path: string | null,
): void {
  const { dir, manifest } = context.run;
  const times = timesLeft(dir, attempt, out_path ?? join(dir, outName(plan.shard_index)));
  const record = shardRecord(context, plan, attempt, { ...times, cause: "ok" });
  const reported = { metrics: metrics_path === null ? NO_METRICS : readMetrics(metrics_path, manifest), record };
  if (out_path === null) commitRecord(dir, plan.shard_index, reported, output);
  else commitShard(dir, manifest, plan, { out_path, output, ...reported });
}

/**
 * Returns the times of a fit whose process is gone. Its length is by the clock of the file server alone, from the last
 * write of its attempt file, which named the fit as it started, to that of its output: the host's clock may be another.
 */
function timesLeft(dir: string, { shard_index, attempt, started_at_utc }: Attempt, out: string) {
  const [started_ms, finished_ms] = [Date.parse(started_at_utc), endOf(out)];
  const begun_ms = orElse(started_ms, () => endOf(attemptPath(dir, shard_index, attempt)));
  const wall_ms = Math.max(0, finished_ms - begun_ms);
  return {
    started_at_utc,
    finished_at_utc: new Date(started_ms + wall_ms).toISOString(),
    wall_s: wall_ms / 1000,
    clock_offset_s: (started_ms - begun_ms) / 1000,
  };
}

/** Returns when a file was last written, in ms by the clock of the file server. */
function endOf(path: string): number {
  return Deno.statSync(path).mtime?.getTime() ?? Date.now();
}

const readMetrics = (path: string, manifest: FarmManifest): Metrics =>
  orElse(NO_METRICS, () => readFitMetrics(path, manifest));

/** Commits a whole out.json without an attempt; its record has only what the file shows. */
function adoptOutput(context: JobContext, plan: Plan, output: CheckedOutput): void {
  const finished = endOf(join(context.run.dir, outName(plan.shard_index)));
  const at = new Date(finished).toISOString();
  const known = { ...context.ids, attempt_token: "", wrapper: context.machine.process, started_at_utc: at };
  const attempt = newAttempt(context.run.manifest, plan, 1, known);
  commitRecovered(context, plan, attempt, { out_path: null, output }, null);
}

const FIT_FILE = /^(shard_[0-9]+\.[0-9]{1,5})\.(?:(?:out|metrics)\.json(?:\.one|\.all)?|stdout|stderr)$/;

/**
 * Removes files in incoming/ that belong to no attempt file. The attempts are listed after them: another process makes
 * an attempt file before the files of its fit.
 */
export function sweepStray(dir: string): void {
  const files = listNames(join(dir, INCOMING)).flatMap((name) => {
    const stem = FIT_FILE.exec(name)?.[1];
    return stem === undefined ? [] : [{ name, stem }];
  });
  if (files.length === 0) return;
  const begun = new Set([...listAttempts(dir)].flatMap(([shard, all]) => all.map((one) => attemptStem(shard, one))));
  for (const { name, stem } of files) if (!begun.has(stem)) removeQuietly(join(dir, INCOMING, name));
}
