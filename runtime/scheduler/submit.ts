import { randomBytes } from "node:crypto";
import { FarmError } from "../../core/errors.ts";
import type { FarmManifest } from "../../core/schema/manifest.ts";
import type { Submission } from "../../core/schema/submit_meta.ts";
import type { Answer, Backend, Chunk, CommandResult, UnclearSubmission } from "../../schedulers/adapter.ts";
import type { SubmitAnswer } from "../../schedulers/adapter_answers.ts";
import type { Run } from "../run/load_manifest.ts";
import { intendedNow, ownSubmissions, recordIntent, recordSubmission } from "../run/submissions.ts";
import { pauseFor } from "../system/process.ts";
import { runCommand, runCommands } from "./drive.ts";
import { detachCommand, findLoop, startLoop } from "./background.ts";
import { handlesOf, renderContext } from "./query.ts";

/** Time in which a submission is searched for by its token while its command may still run, or its scheduler is silent. */
const SEARCH_S = 30;

/** Time that a scheduler which answers again may need to process a command that had no answer. */
const WORK_OFF_S = 8;

/** What is known of a submission: its cluster; whether jobs of the same shards may still run; see recordIntent for `seen`. */
export type SubmissionFacts = Pick<Submission, "cluster" | "joins"> & { seen: Set<string> };

/**
 * Submits one chunk once. Token and intent are on disk before the scheduler is called; an unclear answer is resolved by
 * a search for the token, never by a second submission.
 * @param go_on the command that submits the remaining chunks
 * @throws {FarmError} unreachable, when the outcome stays unclear; the intent stays on record
 * @throws {Overtaken} where another command has submitted jobs meanwhile
 */
export async function submitChunk(
  run: Run<FarmManifest>,
  adapter: Backend,
  chunk: Chunk,
  go_on: string,
  { cluster, joins = false, seen }: SubmissionFacts,
): Promise<Submission> {
  const token = randomBytes(8).toString("hex");
  const { argv, submit } = submissionOf(run, adapter, chunk, token);
  const intent: Submission = {
    token,
    state: "intent",
    scheduler: adapter.name,
    command: argv,
    shards: chunk.shards,
    ...(chunk.tasks ? { tasks: chunk.tasks } : {}),
    ...(cluster === undefined ? {} : { cluster }),
    // Pilots of a second array take the same shards as those of the first.
    ...(joins || (chunk.index > 0 && run.manifest.farm.pilots !== null) ? { joins: true } : {}),
    job_id: null,
    ...intendedNow(adapter.kind === "worker" ? null : run.dir),
    answered_at_utc: null,
    answer: null,
  };
  recordIntent(run.dir, intent, seen);
  return await settleAnswer(run, adapter, intent, await submit(), go_on);
}

/** Records the answer to a submission. @throws {FarmError} unreachable, when no job was queued or it stays unclear */
async function settleAnswer(
  run: Run<FarmManifest>,
  adapter: Backend,
  intent: Submission,
  answer: SubmitAnswer,
  go_on: string,
): Promise<Submission> {
  if (answer.kind === "ok") return settle(run, intent, "submitted", answer.value, null);
  if (answer.kind === "refused") {
    const { queue_full = false, message } = answer;
    settle(run, queue_full ? { ...intent, queue_full } : intent, "refused", null, message);
    throw new NotTaken(queue_full ? "full" : "refused", `${adapter.name} refused the jobs: ${message}`, mend(go_on));
  }
  const returned = { ...intent, answered_at_utc: new Date().toISOString() };
  const settled = await resolveUnclear(run, adapter, returned, answer, go_on);
  if (settled.state === "submitted") return await recordFurther(run, adapter, settled, answer.ids ?? []);
  const message = `${adapter.name} did not accept the jobs: ${settled.answer}`;
  if (answer.answered) throw new NotTaken("unknown", message, mend(go_on));
  throw new NotTaken("unclear", message, `once it answers, run: ${go_on}`);
}

/**
 * Records the further jobs of a submission among the numbers of its answer: the wrapper of a site's submit command may
 * submit twice. A number is such a job only where the scheduler reports it under the token.
 */
async function recordFurther(
  run: Run<FarmManifest>,
  adapter: Backend,
  submission: Submission,
  ids: readonly string[],
): Promise<Submission> {
  if (adapter.kind === "worker") return submission;
  const found: string[] = [];
  for (const job_id of ids.filter((id) => id !== submission.job_id)) {
    const handles = handlesOf([{ ...submission, job_id }]);
    const commands = adapter.query(renderContext(run, []), handles, 0);
    const answer = adapter.readQuery(await runCommands(adapter, commands, run.dir), handles, 0);
    if (answer.kind === "ok" && answer.value.length > 0) found.push(job_id);
  }
  return found.length === 0 ? submission : record(run, { ...submission, further_job_ids: found });
}

/** Returns the command of a chunk's submission, and the words of it that are recorded. */
function submissionOf(run: Run<FarmManifest>, adapter: Backend, chunk: Chunk, token: string) {
  if (adapter.kind === "worker") {
    return { argv: detachCommand(run.dir, token, adapter.words), submit: () => startLoop(run, token, adapter.words) };
  }
  const command = adapter.submit(renderContext(run, chunk.shards), chunk, token);
  const submit = async () => adapter.readSubmit(await runCommand(adapter, command, run.dir));
  return { argv: command.argv, submit };
}

/** Searches for a submission by its token. @param results of commands run just before, by their words */
async function findJobs(
  run: Run<FarmManifest>,
  adapter: Backend,
  { token, shards }: Submission,
  results = new Map<string, CommandResult>(),
): Promise<Answer<string | null>> {
  if (adapter.kind === "worker") return await findLoop(run, token);
  const command = adapter.find(renderContext(run, shards), token);
  const key = command.argv.join("\0");
  const result = results.get(key) ?? await runCommand(adapter, command, run.dir);
  results.set(key, result);
  return adapter.readFind(result, token);
}

const mend = (go_on: string) => `fix this, then: ${go_on} (to change options, start a new run with another --run-id)`;

/** A submission that left no job in the queue. */
export class NotTaken extends FarmError {
  /**
   * @param why refused: by a known refusal; full: the user has as many jobs as are allowed; unknown: with any other text;
   * unclear: no answer
   */
  constructor(readonly why: "refused" | "full" | "unknown" | "unclear", message: string, next: string) {
    super("unreachable", message, `No job was queued; ${next}`);
  }
}

function settle(
  run: Run<FarmManifest>,
  intent: Submission,
  state: Submission["state"],
  job_id: string | null,
  answer: string | null,
): Submission {
  const { not_found_after_s: _, ...before } = intent;
  return record(run, { ...before, state, job_id, answer });
}

function record(run: Run<FarmManifest>, submission: Submission): Submission {
  const settled = { ...submission, answered_at_utc: new Date().toISOString() };
  recordSubmission(run.dir, settled);
  return settled;
}

/**
 * Searches for a submission whose answer was lost; later commands do the same for intents on record. One that is not found
 * counts as refused and may still appear: findLate searches again.
 */
async function resolveUnclear(
  run: Run<FarmManifest>,
  adapter: Backend,
  intent: Submission,
  { message, ids = [], answered = false }: Omit<UnclearSubmission, "kind">,
  go_on: string,
): Promise<Submission> {
  const { job_id, is_searched, took_s } = await searchJobs(run, adapter, intent, answered);
  const found = job_id ?? ids[0];
  if (found !== undefined) return settle(run, intent, "submitted", found, message);
  if (is_searched) {
    const where = answered ? "is in its queue" : `was found in ${took_s} s`;
    const answer = `${message}; no job with its token ${where}`;
    return record(run, { ...intent, state: "refused", job_id: null, answer, not_found_after_s: took_s });
  }
  settle(run, intent, "unclear", null, message);
  throw new FarmError(
    "unreachable",
    `Cannot determine whether ${adapter.name} accepted the jobs: ${message}`,
    `No job is submitted twice; once it answers, run: ${go_on} (it searches for them first)`,
  );
}

/**
 * Searches for the jobs of a submission until they are found, or SEARCH_S have passed; less where its command is over.
 * @param answered whether the scheduler has processed the command, so that one search decides
 * @returns the job, and whether the scheduler has answered a search
 */
async function searchJobs(run: Run<FarmManifest>, adapter: Backend, intent: Submission, answered: boolean) {
  const begun = performance.now();
  let until = begun + SEARCH_S * 1000;
  let is_searched = false;
  const end = (job_id: string | null) => ({
    job_id,
    is_searched,
    took_s: Math.round((performance.now() - begun) / 1000),
  });
  for (; performance.now() < until; await pauseFor(2000)) {
    const found = await findJobs(run, adapter, intent);
    if (found.kind !== "ok") continue;
    if (found.value !== null) return end(found.value);
    if (!is_searched && intent.answered_at_utc !== null) until = Math.min(until, performance.now() + WORK_OFF_S * 1000);
    is_searched = true;
    if (answered) break;
  }
  return end(null);
}

/**
 * Resolves every submission on record with an unknown outcome: intents of commands that died or got no answer, and
 * those that an earlier search did not find. The caller holds the run's submit lock.
 * @param go_on the command to repeat where the outcome stays unclear
 * @returns the number that were accepted after all
 * @throws {FarmError} unreachable, when one stays unclear
 */
export async function resolveSubmissions(
  run: Run<FarmManifest>,
  adapter: Backend,
  go_on: string,
): Promise<number> {
  let taken = 0;
  for (const one of ownSubmissions(run)) {
    if (one.state !== "intent" && one.state !== "unclear") continue;
    const message = one.answer ?? "the submitting command was stopped";
    const { state } = await resolveUnclear(run, adapter, one, { message }, go_on);
    if (state === "submitted") taken++;
  }
  return taken + await findLate(run, adapter);
}

/**
 * Searches once more for submissions that count as refused because their token was not found: a job can appear late.
 * @returns the number that were found
 */
export async function findLate(run: Run<FarmManifest>, adapter: Backend): Promise<number> {
  let come = 0;
  const results = new Map<string, CommandResult>();
  for (const one of ownSubmissions(run).filter(({ not_found_after_s }) => not_found_after_s !== undefined)) {
    const found = await findJobs(run, adapter, one, results);
    if (found.kind !== "ok" || found.value === null) continue;
    settle(run, one, "submitted", found.value, one.answer);
    come++;
  }
  return come;
}
