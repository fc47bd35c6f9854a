import { createHash } from "node:crypto";
import { basename, dirname, join } from "node:path";
import { livePlans } from "../../core/check_manifest.ts";
import type { StatusShard } from "../../core/describe_status.ts";
import { errorText } from "../../core/errors.ts";
import { describeOnEnd, endOfRun, ON_END_LIMIT_S } from "../../core/on_end.ts";
import { attemptName, ON_END } from "../../core/run_paths.ts";
import type { FarmManifest } from "../../core/schema/manifest.ts";
import { quoteCommand } from "../../core/shell_quote.ts";
import { slotsOn } from "../../core/worker_backends.ts";
import { commitByLink } from "../fs/exclusive.ts";
import { removeQuietly, writeTemporary } from "../fs/write.ts";
import { changeFarmManifest } from "../run/change_manifest.ts";
import type { Run } from "../run/load_manifest.ts";
import { ownSubmissions } from "../run/submissions.ts";
import { listAttempts } from "../shard/attempts.ts";
import { runProgram } from "../system/process.ts";

/** Records the command of --on-end with a run, so that whatever command sees its end starts it; [] removes it. */
export function recordOnEnd(run: Run<FarmManifest>, argv: readonly string[]): Run<FarmManifest> {
  return changeFarmManifest(run, (now) => {
    const { on_end = [], ...farm } = now.farm;
    if (quoteCommand(on_end) === quoteCommand(argv)) return now;
    return { ...now, farm: argv.length === 0 ? farm : { ...farm, on_end: [...argv] } };
  });
}

/** Returns the path of the mark of a run's present end. */
export function markOfRun(run: Run<FarmManifest>, shards: readonly StatusShard[]): string {
  const done = new Set(shards.flatMap(({ shard, state }) => state === "done" ? shard : []));
  return markOf(join(run.dir, ON_END), endOfRun(livePlans(run.manifest), done, begunFor(run, done)));
}

/** Returns what names one end of something: the path `before` with a sum of the end's words. */
export const markOf = (before: string, words: readonly string[]): string =>
  before + createHash("sha256").update(words.join("\n")).digest("hex").slice(0, 16);

/** Returns the names of attempts of shards that are not done, or of submissions, whose attempts may be seen late. */
function begunFor(run: Run<FarmManifest>, done: ReadonlySet<number>): string[] {
  if (slotsOn(run.manifest.scheduler) === undefined) return ownSubmissions(run).map(({ token }) => token);
  const open = [...listAttempts(run.dir)].filter(([shard]) => !done.has(shard));
  return open.flatMap(([shard, attempts]) => attempts.map((one) => attemptName(shard, one))).sort();
}

/**
 * Runs the command of --on-end for one end, with a document on stdin, in the folder of the mark. The mark is on disk
 * before the command starts, so that it starts once at most, whoever else sees the same end or is killed.
 * @returns one line on what came of it. Never throws: the end is what it is.
 */
export async function runOnEnd(
  mark: string,
  argv: readonly string[],
  document: unknown,
  limit_s = ON_END_LIMIT_S,
  run: typeof runProgram = runProgram,
): Promise<string> {
  try {
    if (!makeMark(mark, argv)) return "--on-end has run for this end before";
    const stdin = JSON.stringify(document, null, 2) + "\n";
    const result = await run({ argv: [...argv], cwd: dirname(mark), stdin, timeout_s: limit_s });
    return describeOnEnd(argv, result, limit_s);
  } catch (error) {
    return `warning: --on-end was not started: "${basename(mark)}" cannot be written: ${errorText(error)}`;
  }
}

function makeMark(mark: string, argv: readonly string[]): boolean {
  const temporary = writeTemporary(mark, `${new Date().toISOString()} ${quoteCommand(argv)}\n`);
  try {
    return commitByLink(temporary, mark);
  } finally {
    removeQuietly(temporary);
  }
}
