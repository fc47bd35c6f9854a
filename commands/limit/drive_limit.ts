import { type LimitWanted, toyLimit } from "../../core/limit/summary.ts";
import { moreToys } from "../../core/limit/more_toys.ts";
import { EXIT_CODES } from "../../core/errors.ts";
import { withError } from "../../core/format.ts";
import type { Limit } from "../../core/schema/limit.ts";
import { extendTo } from "../../runtime/control/extend.ts";
import { LIMIT, readPoints, recordRound } from "../../runtime/scan/limit_runs.ts";
import { pointRun } from "../../runtime/scan/scan_runs.ts";
import { loadStudy, type OpenStudy } from "../../runtime/sweep/study.ts";
import { loadFarmRun } from "../../runtime/run/load_manifest.ts";
import type { Backend } from "../../schedulers/adapter.ts";
import type { Output } from "../flags.ts";
import { drivePoints, whileWatched } from "../scan/steps.ts";
import { goOnWords } from "./summarize.ts";

/** The limit that is wanted, and the toys that all its points may get. */
type ToyLimit = LimitWanted & { max_toys: number };

/**
 * Runs all points of a limit, and gives those around the limit more toys until it is as accurate as wanted. Goes on
 * where it was interrupted: what is done is read from the runs.
 * @returns the exit code of the signal that interrupted it; null: it came to its end, also where points have no result
 */
export const driveLimit = (
  { path }: OpenStudy<Limit>,
  adapter: Backend,
  wanted: ToyLimit,
  out: Output,
): Promise<number | null> =>
  whileWatched(path, async (signals) => {
    for (;;) {
      const now = loadStudy(LIMIT, path);
      await takeRound(now, adapter);
      const code = await drivePoints(now, adapter, signals, out, goOnWords(path, wanted));
      if (signals.exitCode() !== null) return code;
      const isOver = code !== EXIT_CODES.done || !addRound(now, wanted, out);
      // A round was added, here or by another command that drives the limit: then the points are not what was watched.
      if (isOver && loadStudy(LIMIT, path).document.rounds.length === now.document.rounds.length) return null;
    }
  });

/** Decides which points get more toys. Returns false where the limit is accurate, or no toys are left to add. */
function addRound(open: OpenStudy<Limit>, { cl, accuracy, max_toys }: ToyLimit, out: Output): boolean {
  if (accuracy === null) return false;
  const points = readPoints(open);
  const limit = toyLimit(points, cl);
  if (typeof limit === "string") return false;
  const toys = points.map(({ n_toys }) => n_toys ?? 0);
  const more = moreToys(limit, accuracy, toys, max_toys - toys.reduce((sum, n) => sum + n, 0));
  if (more.length === 0) return false;
  recordRound(
    open,
    more.map(({ point, n_toys }) => {
      const { run_id = "" } = points[point] ?? {};
      out.note(`limit ${withError(limit.value, limit.error)}: ${n_toys} more toys for ${run_id}`);
      return { run_id, n_toys: (toys[point] ?? 0) + n_toys };
    }),
  );
  return true;
}

/** Gives each point the toys of the last round that it does not have yet: its command may have been killed between. */
async function takeRound(open: OpenStudy<Limit>, adapter: Backend): Promise<void> {
  for (const wanted of open.document.rounds.at(-1)?.toys ?? []) {
    await extendTo(loadFarmRun(pointRun(open, wanted)), adapter, wanted.n_toys);
  }
}
