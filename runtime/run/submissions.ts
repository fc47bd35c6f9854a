import { join } from "node:path";
import { FarmError } from "../../core/errors.ts";
import { plural } from "../../core/format.ts";
import { SUBMIT_META } from "../../core/run_paths.ts";
import type { NativeState } from "../../core/schema/scheduler.ts";
import { type Submission, SUBMIT_META_SCHEMA, SubmitMeta } from "../../core/schema/submit_meta.ts";
import { changeDocument } from "../fs/exclusive.ts";
import { explainRead, readIfThere } from "../fs/read.ts";
import { thisMoment } from "../system/machine.ts";
import { isCopy, type Run } from "./load_manifest.ts";
import { serverNow_ms } from "./temporary.ts";

/** Reads submit_meta.json; undefined where nothing was submitted. @throws {FarmError} input */
export function readSubmitMeta(dir: string): SubmitMeta | undefined {
  const next = "It lists the jobs of this run: restore it from a copy, or cancel the jobs by hand and remove it";
  return explainRead(
    "the record of submissions",
    join(dir, SUBMIT_META),
    next,
    (path) => readIfThere(path, SubmitMeta),
  );
}

export function readSubmissions(dir: string): Submission[] {
  return readSubmitMeta(dir)?.farm?.submissions ?? [];
}

/** Returns the submissions of this directory; a copy has those of its original on record too. */
export function ownSubmissions(run: Run): Submission[] {
  return isCopy(run) ? [] : readSubmissions(run.dir).filter((one) => one.copied_from === undefined);
}

/**
 * Returns the time of a submission's intent: by this machine's clock, and in seconds since its boot where known.
 * @param dir whose file server's clock this one is compared with; null: attempts are not timed by a file server's
 */
export function intendedNow(
  dir: string | null = null,
): Pick<Submission, "intended_at_utc" | "intended_boot" | "clock_offset_s"> {
  const { utc_ms, boot } = thisMoment();
  const offset_s = dir === null ? NaN : (utc_ms - serverNow_ms(dir)) / 1000;
  return {
    intended_at_utc: new Date(utc_ms).toISOString(),
    ...(boot ? { intended_boot: { ...boot } } : {}),
    ...(Number.isFinite(offset_s) ? { clock_offset_s: offset_s } : {}),
  };
}

/** Returns the scheduler's reason for refusing the last submission; null where it was accepted, or there is none. */
export function refusalOf(run: Run): string | null {
  const last = ownSubmissions(run).at(-1);
  return last?.state === "refused" ? last.answer : null;
}

/** Returns the states without those of pilots that count as dead. */
export function withoutSilent(run: Run, states: readonly NativeState[]): NativeState[] {
  const silent = ownSubmissions(run).filter(({ silent_at_utc }) => silent_at_utc !== undefined);
  return states.filter((state) => !silent.some(({ token }) => token === state.token));
}

/** Records that the pilots of these submissions count as dead; where it cannot, the next command finds them again. */
export function recordSilent(run: Run, tokens: readonly string[]): void {
  const silent_at_utc = new Date().toISOString();
  try {
    for (const one of ownSubmissions(run).filter(({ token }) => tokens.includes(token))) {
      recordSubmission(run.dir, { ...one, silent_at_utc });
    }
  } catch {
    // the run of another user
  }
}

/** Returns one line for each submission that a site's submit command queued more than once. */
export const twiceQueued = (submissions: readonly Submission[]): string[] =>
  submissions.flatMap(({ scheduler, job_id, further_job_ids = [] }) => {
    const further = further_job_ids.join(", ");
    const jobs = `${scheduler} queued the same shards as jobs ${job_id} and ${further}`;
    return further === ""
      ? []
      : [`${jobs}: each shard still counts once; cancel job ${further} by its id to save its time`];
  });

/** Returns one line for each job that was submitted, and for each that a site's submit command queued twice. */
export const submissionLines = (submissions: readonly Submission[]): string[] => [
  ...submissions.map(({ scheduler, job_id, shards }) =>
    `${scheduler} job ${job_id}: ${plural(shards.length, "shard")}`
  ),
  ...twiceQueued(submissions),
];

/** Records a submission: a new one, or the new state of one with the same token. */
export function recordSubmission(dir: string, submission: Submission): void {
  changeSubmitMeta(dir, (before) => withSubmission(before, submission));
}

/** Another command has submitted jobs of the run since this one decided what to submit. */
export class Overtaken extends FarmError {
  /** What this command had submitted before. */
  readonly submitted: Submission[] = [];

  constructor() {
    super("unreachable", "Cannot submit jobs: another command submits jobs of this run", "Rerun the command");
  }
}

/**
 * Records the intent of a submission, unless another command has recorded one since the decision to submit: without locks
 * two commands may decide at the same time.
 * @param seen tokens of the submissions on which the decision is based; this one is added
 * @throws {Overtaken} where there is another
 */
export function recordIntent(dir: string, intent: Submission, seen: Set<string>): void {
  changeSubmitMeta(dir, (before) => {
    const others = before?.farm?.submissions ?? [];
    if (others.some(({ token, state }) => state !== "refused" && !seen.has(token))) throw new Overtaken();
    return withSubmission(before, intent);
  });
  seen.add(intent.token);
}

/** Returns the tokens of all submissions on record. */
export const tokensNow = (dir: string): Set<string> => new Set(readSubmissions(dir).map(({ token }) => token));

/** Changes submit_meta.json under its lock, since a status may read it while jobs are submitted. */
export function changeSubmitMeta(
  dir: string,
  change: (before: SubmitMeta | undefined) => SubmitMeta | undefined,
): void {
  changeDocument(join(dir, SUBMIT_META), () => readSubmitMeta(dir), change);
}

function withSubmission(before: SubmitMeta | undefined, submission: Submission): SubmitMeta {
  const others = before?.farm?.submissions ?? [];
  const at = others.findIndex((one) => one.token === submission.token);
  const submissions = at < 0 ? [...others, submission] : others.with(at, submission);
  const { absent_since_utc, ...farm } = before?.farm ?? {};
  return {
    ...before,
    schema_version: SUBMIT_META_SCHEMA,
    created_at_utc: before?.created_at_utc ?? submission.intended_at_utc,
    farm: {
      ...farm,
      ...(absent_since_utc && { absent_since_utc: stillAbsent(absent_since_utc, submission) }),
      submissions,
    },
  };
}

/** Returns the times of shards that have no new job: a job that was submitted is absent only once it is missed again. */
const stillAbsent = (since: Record<string, string>, { state, shards }: Submission): Record<string, string> =>
  state === "refused"
    ? since
    : Object.fromEntries(Object.entries(since).filter(([shard]) => !shards.includes(Number(shard))));
