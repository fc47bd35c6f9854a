import type { StatusShard } from "../../core/describe_status.ts";
import { errorText, FarmError } from "../../core/errors.ts";
import type { FarmManifest } from "../../core/schema/manifest.ts";
import type { PointRecord, PoolSnapshot, SweepPoint } from "../../core/schema/sweep.ts";
import type { Backend } from "../../schedulers/adapter.ts";
import { acceptCopy } from "../control/accept_copy.ts";
import { orRefusal } from "../fs/list.ts";
import { changeFarmManifest, changeMode } from "../run/change_manifest.ts";
import { loadFarmRun, type Run } from "../run/load_manifest.ts";
import { adapterOfRun } from "../scheduler/adapters.ts";
import { runCommands } from "../scheduler/drive.ts";
import { loadAverage, uptime_s } from "../system/machine.ts";
import { finishPoint } from "./finish_point.ts";
import { type OpenSweep, pointDir, recordOf, recordPoint } from "./load.ts";

/** Characters of each program's output that are kept. */
const KEPT_CHARACTERS = 16_384;

/** Returns the present load of this machine and of the scheduler's pool; what is not available is left open. */
export async function takeSnapshot(adapter: Backend): Promise<PoolSnapshot> {
  const at_utc = new Date().toISOString();
  const results = adapter.kind === "worker" ? [] : await runCommands(adapter, adapter.pool?.() ?? [], "/");
  const is_told = results.length > 0 && results.every((result) => result.exit_code === 0);
  return {
    at_utc,
    host: Deno.hostname(),
    load_average: loadAverage(),
    uptime_s: uptime_s(),
    nodes: is_told ? adapter.readPool?.(results) ?? null : null,
    texts: results.map((result) => (result.spawn_error ?? (result.stdout || result.stderr)).slice(0, KEPT_CHARACTERS)),
  };
}

interface PointOptions {
  mode: "shared" | "transfer" | null;
  collect: boolean;
  merge: boolean;
  /** Whether points that are done or failed are included: failed ones are rerun, done ones collected again. */
  force: boolean;
}

export interface PointEvent {
  run_id: string;
  shards: number;
  /** Its position in the order, from 1. */
  number: number;
  of: number;
  what: "skipped" | "begun" | PointRecord["state"];
  error: string | null;
}

/** Runs one run to its end, submitted or here; returns its shards' states by a query that included the scheduler. */
type Drive = (run: Run<FarmManifest>, adapter: Backend) => Promise<StatusShard[]>;

/**
 * Runs the points of a sweep one after the other, in the order of its document. A failed point is recorded as failed,
 * and the next one starts.
 * @param stop when aborted, the present point stays open, and no other starts
 * @throws {FarmError} input, when the sweep cannot be read or written, or was rendered by other scripts; usage
 */
export async function runPoints(
  open: OpenSweep,
  drive: Drive,
  options: PointOptions,
  stop: AbortSignal,
  notify: (event: PointEvent) => void,
): Promise<void> {
  const { runs, farm } = open.document;
  if (!farm) throw renderedElsewhere(open.path);
  await checkScheduler(open, options.mode);
  for (const [i, point] of runs.entries()) {
    if (stop.aborted) return;
    const notifyPoint = (what: PointEvent["what"], error: string | null = null) =>
      notify({ run_id: point.run_id, shards: point.shards, number: i + 1, of: runs.length, what, error });
    const { state: before } = recordOf(point);
    if (!options.force && before !== "open") {
      notifyPoint("skipped", before);
      continue;
    }
    notifyPoint("begun");
    const { state, error } = await runPoint(open, point, drive, options, stop);
    notifyPoint(state, error);
  }
}

function renderedElsewhere(path: string): FarmError {
  return new FarmError(
    "input",
    `Cannot run the sweep "${path}": it was rendered by other scripts`,
    "It can be collected, merged and summarized; render a new one to run it",
  );
}

/** Refuses, before the first run, a scheduler that cannot be used, and a mode that it lacks. @throws {FarmError} */
async function checkScheduler(open: OpenSweep, mode: PointOptions["mode"]): Promise<void> {
  const runs = open.document.runs.map((point) => orRefusal(() => loadFarmRun(pointDir(open, point))));
  const [first] = runs.flatMap((run) => run instanceof FarmError ? [] : [run]);
  if (first === undefined) return;
  const { limits, name } = await adapterOfRun(first);
  if (mode !== "transfer" || limits.file_transfer) return;
  throw new FarmError("usage", `Cannot use --mode ${mode} with ${name}: its jobs need a shared file system`);
}

async function runPoint(
  open: OpenSweep,
  point: SweepPoint,
  drive: Drive,
  options: PointOptions,
  stop: AbortSignal,
): Promise<PointRecord> {
  const note = (change: Partial<PointRecord>) => recordPoint(open.path, point.run_id, change);
  try {
    const { run: rendered } = await acceptCopy(loadFarmRun(pointDir(open, point)));
    const adapter = await adapterOfRun(rendered);
    const run = withMode(rendered, adapter, options.mode);
    const states = await measure(run, adapter, drive, recordOf(point), stop, note);
    if (stop.aborted) return note({ state: "open", error: "interrupted" });
    if (!options.collect) return note({ state: "ran", error: null });
    return note(await finishPoint(run.manifest_path, options.merge, states));
  } catch (error) {
    if (!(error instanceof FarmError)) throw error;
    // An unreachable scheduler says nothing about the run: the point stays open.
    return note({ state: error.kind === "unreachable" ? "open" : "failed", error: errorText(error) });
  }
}

async function measure(
  run: Run<FarmManifest>,
  adapter: Backend,
  drive: Drive,
  earlier: PointRecord,
  stop: AbortSignal,
  note: (change: Partial<PointRecord>) => PointRecord,
): Promise<StatusShard[]> {
  const before = earlier.before ?? await takeSnapshot(adapter);
  const is_first = earlier.started_at_utc === null;
  const started_at_utc = earlier.started_at_utc ?? new Date().toISOString();
  note({ started_at_utc, before, finished_at_utc: null, error: null });
  const begin = performance.now();
  const states = await drive(run, adapter);
  if (stop.aborted) return states;
  const stopwatch_s = is_first ? Math.round(performance.now() - begin) / 1000 : null;
  note({ finished_at_utc: new Date().toISOString(), stopwatch_s, after: await takeSnapshot(adapter) });
  return states;
}

/** Returns the run with the requested mode in its manifest, also for later commands. */
function withMode(
  run: Run<FarmManifest>,
  adapter: Backend,
  mode: PointOptions["mode"],
): Run<FarmManifest> {
  const at = new Date().toISOString();
  return changeFarmManifest(run, (now) => changeMode(now, adapter, mode ?? undefined, "submitted", at));
}
