import { dirname } from "node:path";
import { EXIT_CODES, FarmError } from "../../core/errors.ts";
import type { FarmManifest } from "../../core/schema/manifest.ts";
import { quoteWord } from "../../core/shell_quote.ts";
import { startRun } from "../../runtime/control/start.ts";
import type { Run } from "../../runtime/run/load_manifest.ts";
import { submissionLines } from "../../runtime/run/submissions.ts";
import { sweepStaged, sweepTemporary } from "../../runtime/run/temporary.ts";
import {
  openPoints,
  openSameScan,
  pointRun,
  renderScan,
  type ScanDocument,
  type ScanKind,
  type ScanRequest,
  unmergedRuns,
} from "../../runtime/scan/scan_runs.ts";
import { adapterOfRun } from "../../runtime/scheduler/adapters.ts";
import { finishPoint, type PointEnd } from "../../runtime/sweep/finish_point.ts";
import type { OpenStudy } from "../../runtime/sweep/study.ts";
import { inspectMachine, type Machine } from "../../runtime/system/machine.ts";
import { type StopSignals, watchingSignals } from "../../runtime/system/process.ts";
import type { Backend } from "../../schedulers/adapter.ts";
import { driveRun } from "../drive_run.ts";
import type { Output } from "../flags.ts";
import { endLine, endsCode } from "../sweep/each_point.ts";

/** Loads the adapter with which a scan was rendered. */
export async function adapterOfScan(open: OpenStudy<ScanDocument>): Promise<Backend> {
  const [first] = openPoints(open);
  if (!first) throw new Error("A scan has at least one point");
  return await adapterOfRun(first);
}

/** Renders a scan, prints its document's path and its runs, and returns the exit code. */
export async function renderPoints<D extends ScanDocument>(
  kind: ScanKind<D>,
  request: ScanRequest<D>,
  adapter: Backend,
  out: Output,
): Promise<number> {
  const open = await renderScan(kind, request, adapter, out.warn);
  const { name } = kind;
  out.print([open.path, ...open.document.points.map((point) => pointRun(open, point))].join("\n"));
  out.note(`Run it with:\n  nsfarm-deno ${name} submit --${name}-json ${quoteWord(open.path)}`);
  out.document({ [`${name}_json`]: open.path, [name]: open.document });
  return 0;
}

/** Opens the scan of that name, or renders it, and notes its path. */
export async function openOrRender<D extends ScanDocument>(
  kind: ScanKind<D>,
  request: ScanRequest<D>,
  adapter: Backend,
  out: Output,
) {
  const open = openSameScan(kind, request) ??
    await renderScan(kind, request, adapter, out.warn);
  out.note(`${kind.title}: ${open.path}`);
  return open;
}

/** Calls `drive` while signals are watched. @param drive returns null where no signal interrupted it */
export const whileWatched = (
  path: string,
  drive: (signals: StopSignals) => Promise<number | null>,
): Promise<number | null> =>
  watchingSignals(async (signals) => {
    await sweepStaged(dirname(path));
    return await drive(signals);
  });

/**
 * Submits the open shards of all points of a scan, then watches and merges one point after the other. Returns the exit
 * code.
 * @param go_on the command that goes on after a signal
 */
export async function drivePoints(
  open: OpenStudy<ScanDocument>,
  adapter: Backend,
  signals: StopSignals,
  out: Output,
  go_on: string,
): Promise<number> {
  const machine = await inspectMachine();
  for (const point of open.document.points) await sweepTemporary(pointRun(open, point), machine);
  const waiting = unmergedRuns(open);
  if (adapter.kind !== "worker") await submitTogether(waiting, adapter, machine, out);
  let code: number = EXIT_CODES.done;
  for (const run of waiting) {
    const states = await driveRun(run, adapter, signals, out);
    const interrupted = signals.exitCode();
    if (interrupted !== null) {
      const jobs = adapter.kind === "worker" ? "" : `the jobs go on in ${adapter.name}; `;
      out.note(`interrupted: ${jobs}go on with ${go_on}`);
      return interrupted;
    }
    const { state, error } = await finishPoint(run.dir, true, states);
    out.note(`${run.manifest.run_id}: ${state}${error === null ? "" : `: ${error}`}`);
    if (state !== "done") code = EXIT_CODES.shards;
  }
  return code;
}

/**
 * Submits the open shards of all these runs. Where the scheduler takes no more jobs after some, the others are submitted
 * once those have ended.
 * @throws {FarmError} unreachable, when it takes none
 */
async function submitTogether(
  runs: readonly Run<FarmManifest>[],
  adapter: Backend,
  machine: Machine,
  out: Output,
): Promise<void> {
  for (const [i, run] of runs.entries()) {
    try {
      const { submissions } = await startRun(run, adapter, machine, { ended: true });
      for (const line of submissionLines(submissions)) out.note(line);
    } catch (error) {
      if (!(error instanceof FarmError) || i === 0) throw error;
      return out.warn(`${error.message}; ${run.manifest.run_id} follows later`);
    }
  }
}

/** Notes what to do about a point without a result, and returns the exit code. @param go_on the command that goes on */
export function noteUnfinished(open: { path: string }, point: { run_id: string }, go_on: string, out: Output): number {
  out.note(`go on with: ${go_on}`);
  out.note(`why a point has no result: nsfarm-deno doctor ${quoteWord(pointRun(open, point))}`);
  return EXIT_CODES.shards;
}

/** Collects and merges the run of every point, prints each state, and returns the exit code. */
export async function collectPoints<D extends ScanDocument>(
  { name }: { name: string },
  open: OpenStudy<D>,
  out: Output,
): Promise<number> {
  const ends: (PointEnd & D["points"][number] & { run_dir: string })[] = [];
  for (const point of open.document.points) {
    const run_dir = pointRun(open, point);
    const end = await finishPoint(run_dir, true, []);
    ends.push({ ...point, run_dir, ...end });
    out.print(endLine(run_dir, end));
  }
  out.document({ [`${name}_json`]: open.path, points: ends });
  return endsCode(ends);
}
