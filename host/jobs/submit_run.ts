import { randomBytes } from "node:crypto";
import type { FarmManifest } from "../../core/contracts/manifest.ts";
import type { Submission } from "../../core/contracts/submit_meta.ts";
import { FarmError } from "../../core/errors.ts";
import type { Chunk, SchedulerAdapter } from "../../schedulers/adapter.ts";
import { renderContext } from "./ask_scheduler.ts";
import { runCommand } from "./drive_adapter.ts";
import type { Run } from "../run/load_manifest.ts";
import { intendedNow, recordSubmission } from "./submissions.ts";

/** How long a submission is looked for by its token whose command may still be under way, or its scheduler silent. */
const LOOK_FOR_S = 30;

/** How long a scheduler that answers again may take to work off a command that had no answer. */
const WORK_OFF_S = 8;

/**
 * Submits one chunk once: token and intent are on disk before the scheduler is called; an unclear answer is settled by
 * asking for the token, never by submitting again.
 * @param go_on the command that submits what this one did not
 * @throws {FarmError} unreachable, when it is unclear still; the intent stays on record
 */
export async function submitChunk(
  run: Run<FarmManifest>,
  adapter: SchedulerAdapter,
  chunk: Chunk,
  go_on: string,
): Promise<Submission> {
  const token = randomBytes(8).toString("hex");
  const context = renderContext(run, chunk.shards);
  const command = adapter.submit(context, chunk, token);
  const intent: Submission = {
    token,
    state: "intent",
    scheduler: adapter.name,
    command: command.argv,
    shards: chunk.shards,
    ...(chunk.tasks ? { tasks: chunk.tasks } : {}),
    job_id: null,
    ...intendedNow(),
    answered_at_utc: null,
    answer: null,
  };
  recordSubmission(run.dir, intent);
  const answer = adapter.readSubmit(await runCommand(adapter, command, run.dir));
  if (answer.kind === "ok") return settle(run, intent, "submitted", answer.value, null);
  if (answer.kind === "refused") {
    settle(run, intent, "refused", null, answer.message);
    throw new FarmError(
      "unreachable",
      `${adapter.name} refused the jobs: ${answer.message}`,
      `They are not queued; mend what it says, then: ${go_on} (for other options render a run of another --run-id)`,
    );
  }
  const returned = { ...intent, answered_at_utc: new Date().toISOString() };
  const settled = await settleUnclear(run, adapter, returned, answer.message, go_on);
  if (settled.state === "submitted") return settled;
  throw new FarmError(
    "unreachable",
    `${adapter.name} did not take the jobs: ${settled.answer}`,
    `They are not queued; when it answers: ${go_on}`,
  );
}

function settle(
  run: Run<FarmManifest>,
  intent: Submission,
  state: Submission["state"],
  job_id: string | null,
  answer: string | null,
): Submission {
  const settled = { ...intent, state, job_id, answer, answered_at_utc: new Date().toISOString() };
  recordSubmission(run.dir, settled);
  return settled;
}

/** Looks for a submission whose answer was lost. Also what a later command does with an intent that it finds. */
export async function settleUnclear(
  run: Run<FarmManifest>,
  adapter: SchedulerAdapter,
  intent: Submission,
  message: string,
  go_on: string,
): Promise<Submission> {
  const context = renderContext(run, intent.shards);
  const begun = performance.now();
  let until = begun + LOOK_FOR_S * 1000;
  let asked = false;
  while (performance.now() < until) {
    const found = adapter.readFind(
      await runCommand(adapter, adapter.find(context, intent.token), run.dir),
      intent.token,
    );
    if (found.kind === "ok" && found.value !== null) return settle(run, intent, "submitted", found.value, message);
    if (found.kind === "ok" && !asked) {
      asked = true;
      if (intent.answered_at_utc !== null) until = Math.min(until, performance.now() + WORK_OFF_S * 1000);
    }
    await new Promise((resolve) => setTimeout(resolve, 2000));
  }
  if (asked) {
    const looked_s = Math.round((performance.now() - begun) / 1000);
    return settle(run, intent, "refused", null, `${message}; no job of its token was found in ${looked_s} s`);
  }
  settle(run, intent, "unclear", null, message);
  throw new FarmError(
    "unreachable",
    `Cannot tell whether ${adapter.name} took the jobs: ${message}`,
    `Nothing is submitted twice; when it answers: ${go_on} (it looks for them first)`,
  );
}
