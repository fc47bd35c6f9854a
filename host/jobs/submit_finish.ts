import { quoteWord } from "../../core/shell_quote.ts";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { FarmManifest } from "../../core/contracts/manifest.ts";
import { FarmError } from "../../core/errors.ts";
import type { Backend, SchedulerAdapter } from "../../schedulers/adapter.ts";
import { handlesOf, renderContext } from "./ask_scheduler.ts";
import { runCommand } from "./drive_adapter.ts";
import type { Run } from "../run/load_manifest.ts";
import { ownSubmissions } from "./submissions.ts";
import { writeWhole } from "../disk/write_file.ts";

/**
 * Submits the job that collects and merges when all jobs of the run have ended; one may log out then.
 * @returns its job id
 * @throws {FarmError} usage, where the scheduler has no such thing; unreachable
 */
export async function submitFinish(run: Run<FarmManifest>, adapter: Backend): Promise<string> {
  requireFinish(adapter);
  const handles = handlesOf(ownSubmissions(run));
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
 * Throws where a scheduler has no jobs that wait for others: to be called before anything is submitted.
 * @throws {FarmError} usage
 */
export function requireFinish(
  adapter: Backend,
): asserts adapter is SchedulerAdapter & Required<Pick<SchedulerAdapter, "finish">> {
  if (adapter.finish) return;
  throw new FarmError(
    "usage",
    `Cannot use --finish with ${adapter.name}: it has no jobs that wait for others`,
    "Use --wait",
  );
}
