import { dirname } from "node:path";
import { type LimitWanted, toyLimit } from "../../core/limit/summary.ts";
import { moreToys } from "../../core/limit/more_toys.ts";
import { EXIT_CODES } from "../../core/errors.ts";
import { withError } from "../../core/format.ts";
import { quoteWord } from "../../core/shell_quote.ts";
import type { FarmManifest } from "../../core/schema/manifest.ts";
import { extendRun } from "../../runtime/control/extend.ts";
import { startRun } from "../../runtime/control/start.ts";
import { loadLimit, type OpenLimit, pointRun, readPoints, recordRound } from "../../runtime/limit/limit_runs.ts";
import { loadFarmRun, type Run } from "../../runtime/run/load_manifest.ts";
import { finishPoint } from "../../runtime/sweep/finish_point.ts";
import { sweepStaged } from "../../runtime/run/temporary.ts";
import { inspectMachine } from "../../runtime/system/machine.ts";
import { type StopSignals, watchSignals } from "../../runtime/system/process.ts";
import type { Backend } from "../../schedulers/adapter.ts";
import { driveRun } from "../drive_run.ts";
import type { Output } from "../flags.ts";

/** The limit that is wanted, and the toys that all its points may get. */
type ToyLimit = LimitWanted & { max_toys: number };

/**
 * Runs all points of a limit, and gives those around the limit more toys until it is as accurate as wanted. Goes on
 * where it was interrupted: what is done is read from the runs. Returns the exit code.
 */
export async function driveLimit(open: OpenLimit, adapter: Backend, wanted: ToyLimit, out: Output): Promise<number> {
  const signals = watchSignals();
  await sweepStaged(dirname(open.path));
  try {
    for (;;) {
      await takeRound(loadLimit(open.path), adapter);
      const code = await drivePoints(open, adapter, signals, out);
      if (code !== EXIT_CODES.done) return code;
      if (!addRound(open, wanted, out)) return code;
    }
  } finally {
    signals.close();
  }
}

/** Submits the open shards of all points, then watches and merges one point after the other. */
async function drivePoints(open: OpenLimit, adapter: Backend, signals: StopSignals, out: Output): Promise<number> {
  const waiting = openRuns(open);
  if (adapter.kind === "batch") {
    const machine = await inspectMachine();
    for (const run of waiting) await startRun(run, adapter, machine, { ended: true });
  }
  let code: number = EXIT_CODES.done;
  for (const run of waiting) {
    const states = await driveRun(run, adapter, signals, out);
    const interrupted = signals.exitCode();
    if (interrupted !== null) {
      out.note(`interrupted: go on with nsfarm-deno limit submit --limit-json ${quoteWord(open.path)}`);
      return interrupted;
    }
    const { state, error } = await finishPoint(run.dir, true, states);
    out.note(`${run.manifest.run_id}: ${state}${error === null ? "" : `: ${error}`}`);
    if (state !== "done") code = EXIT_CODES.shards;
  }
  return code;
}

/** Returns the runs of the points that have no result yet. */
function openRuns(open: OpenLimit): Run<FarmManifest>[] {
  return readPoints(open).filter(({ cls }) => cls === null).map((point) => loadFarmRun(pointRun(open, point)));
}

/** Decides which points get more toys. Returns false where the limit is accurate, or no toys are left to add. */
function addRound(open: OpenLimit, { cl, accuracy, max_toys }: ToyLimit, out: Output): boolean {
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
async function takeRound(open: OpenLimit, adapter: Backend): Promise<void> {
  for (const wanted of open.limit.rounds.at(-1)?.toys ?? []) {
    const run = loadFarmRun(pointRun(open, wanted));
    const n_toys = wanted.n_toys - run.manifest.n_toys;
    if (n_toys <= 0) continue;
    await extendRun(run, adapter, { n_toys, shards: null, submit: false }, () => Promise.resolve());
  }
}
