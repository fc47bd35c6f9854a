import type { FarmManifest } from "../core/contracts/manifest.ts";
import { CAUSE_WORDS } from "../core/reconcile.ts";
import type { WorkEvent } from "../host/work/work_event.ts";
import { openProgress } from "./progress.ts";

export interface WorkTeller {
  tell: (event: WorkEvent) => void;
  close: () => void;
}

/** Follows a worker loop's events with a bar or lines. */
export function tellWork(manifest: FarmManifest): WorkTeller {
  const view = openProgress();
  const state = { total: 0, done: 0, running: 0, failed: 0, toys_done: 0, toys_total: manifest.n_toys, fresh: 0 };
  let started = performance.now();
  const show = () => {
    const seconds = (performance.now() - started) / 1000;
    view.show({ ...state, toys_per_s: state.fresh > 0 && seconds > 0 ? state.fresh / seconds : null });
  };
  const tell = (event: WorkEvent) => {
    if (event.kind === "begun") {
      started = performance.now();
      Object.assign(state, { total: event.total, done: event.done });
      state.toys_done = Math.round(manifest.n_toys * event.done / Math.max(1, event.total));
      if (event.done > 0) view.say(`${event.done} of ${event.total} shards were done already`);
      if (event.running_elsewhere > 0) {
        view.say(
          `${event.running_elsewhere} shards were begun on machines that cannot be asked from here; nsfarm-deno retry takes them over`,
        );
      }
    } else if (event.kind === "started") state.running++;
    else if (event.kind === "done") finished(event);
    else if (event.kind === "failed") failed(event);
    else if (event.kind === "taken") state.running--;
    else if (event.kind === "place") view.say(event.words);
    else if (event.kind === "given_up") view.say(`no further shard is started: ${event.why}`);
    if (event.kind !== "begun" || event.total > 0) show();
  };
  const finished = (event: Extract<WorkEvent, { kind: "done" }>) => {
    state.running--;
    state.done++;
    state.toys_done += event.record.n_toys;
    state.fresh += event.record.n_toys;
    if (event.aside) {
      view.say(`shard ${event.shard}: a second result differs from the committed one; kept in ${event.aside}`);
    }
  };
  const failed = ({ shard, record, again }: Extract<WorkEvent, { kind: "failed" }>) => {
    state.running--;
    if (!again) state.failed++;
    const code = record.exit_code ? ` (exit ${record.exit_code})` : record.signal ? ` (${record.signal})` : "";
    view.say(
      `shard ${shard}: ${CAUSE_WORDS[record.cause]}${code}${record.stderr_tail[0] ? `: ${record.stderr_tail[0]}` : ""}${
        again ? "; it is tried again" : ""
      }`,
    );
  };
  return { tell, close: () => view.close() };
}
