import { type AttemptTime, attemptTime } from "../core/attempt_time.ts";
import type { FarmManifest } from "../core/contracts/manifest.ts";
import { paceOf } from "../core/pace.ts";
import type { RunTimes } from "../core/contracts/run_times.ts";
import type { ShardRecord } from "../core/contracts/shard_record.ts";
import { FAILURES } from "../core/failure.ts";
import { runTimes } from "../core/times.ts";
import type { Run } from "../host/run/load_manifest.ts";
import { readRecords, timeFacts } from "../host/state/run_records.ts";
import type { WorkEvent } from "../host/work/work_event.ts";
import { openProgress } from "./progress.ts";

interface WorkTeller {
  tell: (event: WorkEvent) => void;
  close: () => void;
}

/** Follows a worker loop's events with a bar or lines. */
export function tellWork(run: Run<FarmManifest>): WorkTeller {
  const view = openProgress();
  const state = { total: 0, done: 0, running: 0, failed: 0 };
  const done: AttemptTime[] = [];
  const times = timesOf(run, done);
  let toys_left = run.manifest.n_toys;
  const show = () => view.show({ ...state, pace: paceOf(times(toys_left === 0), toys_left, state.running > 0) });
  const tell = (event: WorkEvent) => {
    if (event.kind === "begun") {
      Object.assign(state, { total: event.total, done: event.done });
      if (event.done > 0) view.say(`${event.done} of ${event.total} shards were done already`);
      if (event.running_elsewhere > 0) {
        view.say(
          `${event.running_elsewhere} shards were begun on machines that cannot be asked from here; nsfarm-deno retry takes them over`,
        );
      }
    } else if (event.kind === "started") state.running++;
    else if (event.kind === "found") found(event.record);
    else if (event.kind === "done") finished(event);
    else if (event.kind === "failed") failed(event);
    else if (event.kind === "taken") state.running--;
    else if (event.kind === "executor") view.say(event.message);
    else if (event.kind === "given_up") view.say(`no further shard is started: ${event.why}`);
    if (state.total > 0) show();
  };
  const found = (record: ShardRecord) => {
    state.done++;
    done.push(attemptTime(record));
    toys_left -= record.n_toys;
  };
  const finished = (event: Extract<WorkEvent, { kind: "done" }>) => {
    state.running--;
    found(event.record);
    if (event.aside) {
      view.say(`shard ${event.shard}: a second result differs from the committed one; kept in ${event.aside}`);
    }
  };
  const failed = ({ shard, record, again }: Extract<WorkEvent, { kind: "failed" }>) => {
    state.running--;
    if (!again) state.failed++;
    const code = record.exit_code ? ` (exit ${record.exit_code})` : record.signal ? ` (${record.signal})` : "";
    view.say(
      `shard ${shard}: ${FAILURES[record.cause].words}${code}${
        record.stderr_tail[0] ? `: ${record.stderr_tail[0]}` : ""
      }${again ? "; it is tried again" : ""}`,
    );
  };
  return { tell, close: () => view.close() };
}

/** Reading a run's records takes no more than this share of the time. */
const SHARE = 0.02;
const AT_MOST_EVERY_MS = 500;

/** The times of a run as a merge would have them now, or had them a moment ago. */
function timesOf(run: Run<FarmManifest>, done: readonly AttemptTime[]): (is_last: boolean) => RunTimes {
  let last: { times: RunTimes; good_until: number } | null = null;
  return (is_last) => {
    const begun = performance.now();
    if (last && !is_last && begun < last.good_until) return last.times;
    const times = runTimes(timeFacts(done, [], readRecords(run)));
    const took_ms = performance.now() - begun;
    last = { times, good_until: begun + Math.max(AT_MOST_EVERY_MS, took_ms / SHARE) };
    return times;
  };
}
