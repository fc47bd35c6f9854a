import { type AttemptTime, attemptTime } from "../core/attempt_time.ts";
import { orElse } from "../core/errors.ts";
import { FAILURES } from "../core/failure.ts";
import { paceOf, type Progress, progressLine } from "../core/progress.ts";
import { runTimes } from "../core/run_times.ts";
import type { FarmManifest } from "../core/schema/manifest.ts";
import type { RunTimes } from "../core/schema/run_times.ts";
import type { Run } from "../runtime/run/load_manifest.ts";
import { readRecords, timeFacts } from "../runtime/shard/run_records.ts";
import type { WorkEvent } from "../runtime/worker/executor.ts";
import { printNote } from "./output.ts";

/** Interval of lines in a pipe; lines without news come less often. */
const PLAIN_EVERY_MS = 5000;
const SAME_EVERY_MS = 60_000;
const REDRAW_MS = 100;

interface ProgressView {
  show(progress: Progress): void;
  /** Writes a line that stays, above the bar. */
  note(text: string): void;
  close(): void;
}

/** Returns a bar on a terminal's stderr; elsewhere plain lines without colour or cursor movement. */
export function openProgress(): ProgressView {
  return Deno.stderr.isTerminal() ? new Bar() : new Lines();
}

class Lines implements ProgressView {
  #last = -Infinity;
  #line = "";
  show(progress: Progress): void {
    const line = progressLine(progress, 0);
    const now = performance.now();
    const every = line === this.#line ? SAME_EVERY_MS : PLAIN_EVERY_MS;
    if (now - this.#last < every && (line === this.#line || progress.done < progress.total)) return;
    this.#last = now;
    this.#line = line;
    printNote(line);
  }
  note(text: string): void {
    printNote(text);
  }
  close(): void {}
}

class Bar implements ProgressView {
  #drawn = false;
  #last = -Infinity;
  #line = "";
  show(progress: Progress): void {
    const width = columns();
    this.#line = progressLine(progress, width >= 100 ? 30 : 12, width - 1);
    if (performance.now() - this.#last < REDRAW_MS && progress.done < progress.total) return;
    this.#last = performance.now();
    this.#draw();
  }
  note(text: string): void {
    this.#clear();
    printNote(text);
    if (this.#line !== "") this.#draw();
  }
  close(): void {
    if (this.#drawn) write("\n");
    this.#drawn = false;
  }
  #draw(): void {
    write(`\r\x1b[K${this.#line}`);
    this.#drawn = true;
  }
  #clear(): void {
    if (this.#drawn) write("\r\x1b[K");
  }
}

const columns = (): number => orElse(80, () => Deno.consoleSize().columns || 80);

const encoder = new TextEncoder();

function write(text: string): void {
  // The work continues where the terminal is gone.
  orElse(0, () => Deno.stderr.writeSync(encoder.encode(text)));
}

/** Returns a view that shows a worker loop's events as a bar or lines. */
export function openWorkView(run: Run<FarmManifest>): { notify: (event: WorkEvent) => void; close: () => void } {
  const view = openProgress();
  const state = { total: 0, done: 0, running: 0, failed: 0 };
  const done: AttemptTime[] = [];
  const times = timesOf(run, done);
  let toys_left = run.manifest.n_toys;
  const show = () => view.show({ ...state, pace: paceOf(times(toys_left === 0), toys_left, state.running > 0) });
  const notify = (event: WorkEvent) => {
    if (event.kind === "begun") Object.assign(state, { total: event.total, done: event.done });
    if (event.kind === "started") state.running++;
    if (event.kind === "done" || event.kind === "failed" || event.kind === "taken") state.running--;
    if (event.kind === "failed" && !event.again) state.failed++;
    if (event.kind === "done" || event.kind === "found") {
      state.done++;
      done.push(attemptTime(event.record));
      toys_left -= event.record.n_toys;
    }
    for (const line of linesOf(event)) view.note(line);
    if (state.total > 0) show();
  };
  return { notify, close: () => view.close() };
}

/** Returns the lines about an event that stay. */
function linesOf(event: WorkEvent): string[] {
  if (event.kind === "executor" || event.kind === "steered") return [event.message];
  if (event.kind === "given_up") return [`starting no more shards: ${event.why}`];
  if (event.kind === "failed") return [failedLine(event)];
  if (event.kind === "done" && event.aside) {
    return [`shard ${event.shard}: a second result differs from the committed one; kept in ${event.aside}`];
  }
  if (event.kind !== "begun") return [];
  const { total, done, running_elsewhere: elsewhere } = event;
  return [
    ...(done > 0 ? [`${done} of ${total} shards are already done`] : []),
    ...(elsewhere > 0
      ? [`${elsewhere} shards were started on machines that cannot be reached from here; nsfarm-deno retry reruns them`]
      : []),
  ];
}

function failedLine({ shard, record, again }: Extract<WorkEvent, { kind: "failed" }>): string {
  const { cause, exit_code, signal, stderr_tail: [printed] } = record;
  const code = exit_code ? ` (exit ${exit_code})` : signal ? ` (${signal})` : "";
  return `shard ${shard}: ${FAILURES[cause].words}${code}${printed ? `: ${printed}` : ""}${
    again ? "; retrying it" : ""
  }`;
}

/** Largest share of the time that reading a run's records may take. */
const SHARE = 0.02;
const AT_MOST_EVERY_MS = 500;

/** Returns a function for the times of a run as a merge would compute them now, or a moment ago. */
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
