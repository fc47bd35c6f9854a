import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { FarmError } from "../../core/errors.ts";
import type { FarmManifest } from "../../core/schema/manifest.ts";
import type { Submission } from "../../core/schema/submit_meta.ts";
import { quoteWord } from "../../core/shell_quote.ts";
import type { Backend, SchedulerAdapter } from "../../schedulers/adapter.ts";
import { writeWhole } from "../fs/write.ts";
import type { Run } from "../run/load_manifest.ts";
import { ownSubmissions } from "../run/submissions.ts";
import { runCommand } from "./drive.ts";
import { handlesOf, renderContext } from "./query.ts";

/** Stands for the token of a job that is not submitted. */
const NO_TOKEN = "0".repeat(16);

/**
 * Submits the job that collects and merges when all jobs of the run have ended, so that the user may log out.
 * @param submissions whose jobs it waits for
 * @returns its job id
 * @throws {FarmError} usage, where the scheduler has no such jobs; unreachable
 */
export async function submitFinish(
  run: Run<FarmManifest>,
  adapter: Backend,
  submissions: Submission[] = ownSubmissions(run),
): Promise<string> {
  requireFinish(adapter, run);
  const handles = handlesOf(submissions);
  if (handles.length === 0) {
    throw new FarmError("usage", "Cannot submit a finishing job: no job of this run is submitted");
  }
  const token = randomBytes(8).toString("hex");
  const { files, command } = adapter.finish(renderContext(run, []), handles, token);
  for (const file of files) writeWhole(join(run.dir, file.path), file.text, file.executable ? 0o750 : 0o640);
  const answer = adapter.readSubmit(await runCommand(adapter, command, run.dir));
  if (answer.kind === "ok") return answer.value;
  throw new FarmError(
    "unreachable",
    `The shards are submitted, but not the job that finishes the run: ${adapter.name} says: ${answer.message}`,
    `When they have ended: nsfarm-deno finish ${quoteWord(run.dir)}`,
  );
}

/**
 * Throws where a scheduler has no jobs that wait for others, or not with the options of this run; called before
 * anything is submitted.
 * @throws {FarmError} usage
 */
export function requireFinish(
  adapter: Backend,
  run: Run<FarmManifest>,
): asserts adapter is SchedulerAdapter & Required<Pick<SchedulerAdapter, "finish">> {
  if (!adapter.finish) {
    const message = `Cannot use --finish with ${adapter.name}: it has no jobs that wait for others`;
    throw new FarmError("usage", message, "Use --wait");
  }
  adapter.finish(renderContext(run, []), handlesOf(ownSubmissions(run)), NO_TOKEN);
}
